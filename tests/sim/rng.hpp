#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tombo::sim {

/// All chance of a simulation: the same seed draws the same numbers on every machine.
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed * 0x9E37'79B9'7F4A'7C15ULL + 0x1234'5678'9ABC'DEF1ULL) {}

  std::uint64_t next() {
    state_ += 0x9E37'79B9'7F4A'7C15ULL;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBULL;
    return x ^ (x >> 31);
  }
  /// 0 .. count - 1; count > 0.
  std::uint32_t below(std::size_t count) { return static_cast<std::uint32_t>(next() % count); }
  /// low .. high.
  std::uint32_t range(std::uint32_t low, std::uint32_t high) { return low + below(high - low + 1); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  std::uint64_t state_;
};

}  // namespace tombo::sim
