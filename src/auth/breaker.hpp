#pragma once

#include "base/clock.hpp"

#include <mutex>

namespace tombo::auth {

// For servers that have no options for it: one that hangs must not keep the workers from hashing passwords.
inline constexpr unsigned kBreakerFailures = 5;
inline constexpr Milliseconds kBreakerPause{2'000};

/// Leaves a server alone for a while after it failed some times in a row; then one may try, and it decides for the others.
/// Lives on: any thread.
class Breaker {
 public:
  Breaker(const Clock& clock, unsigned failures_max, Milliseconds pause)
      : clock_(clock), failures_max_(failures_max), pause_(pause) {}

  /// Whether to ask.  Who asks says how it went, by succeeded() or failed().
  bool may_ask() {
    const std::lock_guard lock(mutex_);
    if (failures_ < failures_max_) return true;
    if (clock_.mono() < until_) return false;
    until_ = clock_.mono() + pause_;  // this one tries; the others wait for it, or for as long again
    return true;
  }
  void succeeded() {
    const std::lock_guard lock(mutex_);
    failures_ = 0;
  }
  void failed() {
    const std::lock_guard lock(mutex_);
    if (failures_ < failures_max_) ++failures_;
    if (failures_ == failures_max_) until_ = clock_.mono() + pause_;
  }

 private:
  const Clock& clock_;
  const unsigned failures_max_;
  const Milliseconds pause_;
  std::mutex mutex_;
  unsigned failures_ = 0;
  MonoTime until_{};
};

}  // namespace tombo::auth
