#pragma once

#include <cstdint>
#include <ctime>

namespace tombo::bench::engine {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;
inline constexpr std::int64_t kMillisecondNs = 1'000'000;

inline std::int64_t clock_ns(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kSecondNs + time.tv_nsec;
}

/// Monotonic: what durations, timers and schedules are counted in.
inline std::int64_t now_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}

/// The time of day for stamps, taken from the monotonic clock: a step of the system's clock in the middle of a run
/// would look like a latency.
class WallClock {
 public:
  /// `correction_us` is added: the offset to the clock of the machine that coordinates several of us.
  explicit WallClock(std::int64_t correction_us = 0)
      : offset_ns_(clock_ns(CLOCK_REALTIME) - now_ns() + correction_us * 1000) {}

  std::int64_t mono_ns(std::int64_t unix_us) const { return unix_us * 1000 - offset_ns_; }
  std::int64_t unix_us(std::int64_t mono_ns) const { return (mono_ns + offset_ns_) / 1000; }

 private:
  std::int64_t offset_ns_;
};

}  // namespace tombo::bench::engine
