#pragma once

#include <functional>
#include <mutex>
#include <vector>

namespace tombo::control {

/// Where answers to the control thread arrive: shards and main post, the control thread is woken and runs them.
/// Once closed, what is posted is forgotten.
/// Lives on: any thread.
class Inbox {
 public:
  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  void post(std::function<void()> answer);
  /// Runs what has come; returns whether there was anything.
  bool run();
  void close();
  /// Only wakes the control thread.
  void ring();
  /// Readable when something has come.
  int descriptor() const { return descriptor_; }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> answers_;
  bool closed_ = false;
  int descriptor_;
};

}  // namespace tombo::control
