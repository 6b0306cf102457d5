#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tombo::mqtt::words {

// Eight characters in one integer; the order of bytes does not matter to anything here.

inline constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
inline constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080;
inline constexpr std::uint64_t kLows = ~kHighs;

inline std::uint64_t load(const char* text) {
  std::uint64_t word;
  std::memcpy(&word, text, sizeof word);
  return word;
}

/// The last `size` < 8 characters of a text, filled up with 'a'.
inline std::uint64_t load_rest(const char* text, std::size_t size) {
  std::uint64_t word = (kOnes * 'a') << (8 * size);
  unsigned shift = 0;
  if (size & 4U) {
    std::uint32_t four;
    std::memcpy(&four, text, sizeof four);
    word |= four;
    text += 4;
    shift = 32;
  }
  if (size & 2U) {
    std::uint16_t two;
    std::memcpy(&two, text, sizeof two);
    word |= std::uint64_t{two} << shift;
    text += 2;
    shift += 16;
  }
  if (size & 1U) word |= std::uint64_t{static_cast<std::uint8_t>(*text)} << shift;
  return word;
}

/// Whether every byte is 01..7F: only a zero borrows from the subtraction.
inline bool is_plain(std::uint64_t word) {
  return (((word - kOnes) | word) & kHighs) == 0;
}

inline bool is_ascii(std::uint64_t word) {
  return (word & kHighs) == 0;
}

/// 0x80 in each byte that is `c`.
inline std::uint64_t where(std::uint64_t word, char c) {
  const std::uint64_t zero_there = word ^ (kOnes * static_cast<std::uint8_t>(c));
  return ~(((zero_there & kLows) + kLows) | zero_there | kLows);
}

/// How many bytes of a result of where() are set.
inline std::uint32_t count(std::uint64_t marks) {
  return static_cast<std::uint32_t>(((marks >> 7) * kOnes) >> 56);
}

}  // namespace tombo::mqtt::words
