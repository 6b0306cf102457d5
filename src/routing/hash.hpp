#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tombo::routing {

/// A 64-bit hash of short texts under a key that peers do not know, so that nobody can prepare texts that collide.
/// Not for signatures and not stable between runs.
/// Lives on: any thread (immutable).
class TextHash {
 public:
  explicit TextHash(std::uint64_t seed) : first_(mix(seed, kOdd)), second_(mix(seed + kStep, ~kOdd)) {}

  std::uint64_t operator()(std::string_view text) const {
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t hash = second_ + left * kStep;
    for (; left > 16; left -= 16, at += 16)
      hash = mix(load<std::uint64_t>(at) ^ first_, load<std::uint64_t>(at + 8) ^ hash);
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    if (left >= 8) {
      low = load<std::uint64_t>(at);
      high = load<std::uint64_t>(at + left - 8);
    } else if (left >= 4) {
      low = load<std::uint32_t>(at);
      high = load<std::uint32_t>(at + left - 4);
    } else if (left > 0) {
      low = static_cast<unsigned char>(at[0]);
      high = static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
             static_cast<unsigned char>(at[left - 1]);
    }
    return mix(mix(low ^ first_, high ^ hash), second_ ^ kOdd);
  }

  /// Folds the 128-bit product of two words into one.
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

 private:
  static constexpr std::uint64_t kOdd = 0xd1b54a32d192ed03;
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;

  template <class Word>
  static Word load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }

  std::uint64_t first_;
  std::uint64_t second_;
};

}  // namespace tombo::routing
