#pragma once

#include <atomic>
#include <thread>

#include <signal.h>

namespace tombo::bench {

/// Turns SIGINT and SIGTERM into a flag: the first one asks for the report of what was measured until then, the second
/// one ends the process.  Made before any other thread, which then inherits the blocked signals.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  const std::atomic<bool>& flag() const { return stop_; }

 private:
  void wait();

  sigset_t signals_{};
  std::atomic<bool> stop_{false};
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace tombo::bench
