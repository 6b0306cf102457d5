#pragma once

#include "base/clock.hpp"
#include "store/store.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace tombo::store {

/// The two threads of a store: one commits, one reads, so that neither a slow read holds up acknowledgements nor a slow
/// sync a returning client.
/// Lives on: main.
class StoreThreads {
 public:
  StoreThreads(Store& store, const Clock& clock);
  /// Ends both threads; what they have not done stays undone.
  ~StoreThreads();
  StoreThreads(const StoreThreads&) = delete;
  StoreThreads& operator=(const StoreThreads&) = delete;

 private:
  /// Rung by who has work, answered by one thread.
  class Bell {
   public:
    void ring(bool for_ever = false);
    /// False once it was rung for ever.
    bool wait(Milliseconds longest);

   private:
    std::mutex mutex_;
    std::condition_variable rung_;
    bool ringing_ = false;
    bool over_ = false;
  };
  void commit();
  void read();

  Store& store_;
  const Clock& clock_;
  Bell writer_;
  Bell reader_;
  std::thread commits_;
  std::thread reads_;
};

}  // namespace tombo::store
