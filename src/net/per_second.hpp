#pragma once

#include "base/clock.hpp"

#include <atomic>
#include <cstdint>

namespace tombo::net {

/// So much and no more in each second of the clock.
/// Lives on: any thread; between two threads at the turn of a second a little more may get through.
class PerSecond {
 public:
  /// Whether this second has one left, without taking it.  `most`: 0 for no limit.
  bool has(MonoTime now, std::uint32_t most) const {
    if (most == 0 || second_.load(std::memory_order_relaxed) != second_of(now)) return true;
    return taken_.load(std::memory_order_relaxed) < most;
  }
  /// Takes one; false when this second has none left.
  bool take(MonoTime now, std::uint32_t most) {
    if (most == 0) return true;
    const std::uint32_t second = second_of(now);
    if (second_.exchange(second, std::memory_order_relaxed) != second) taken_.store(0, std::memory_order_relaxed);
    return taken_.fetch_add(1, std::memory_order_relaxed) < most;
  }

 private:
  static std::uint32_t second_of(MonoTime now) {
    return static_cast<std::uint32_t>(now.time_since_epoch() / Milliseconds{1000});
  }

  std::atomic<std::uint32_t> second_{0};
  std::atomic<std::uint32_t> taken_{0};
};

}  // namespace tombo::net
