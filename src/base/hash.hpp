#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tombo {

/// Mixes a word so that every input bit reaches every output bit.
inline std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32;
  return x;
}

/// A seeded hash for tables whose keys peers choose: the seed is random at start, so that nobody can aim.
inline std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  __extension__ using Wide = unsigned __int128;
  const auto fold = [](std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  std::uint64_t state = seed ^ (bytes.size() * 0x9E37'79B9'7F4A'7C15ULL);
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    state = fold(state ^ word, 0xA076'1D64'78BD'642FULL);
  }
  std::uint64_t tail = 0;
  if (left != 0) std::memcpy(&tail, at, left);
  return mix(fold(state ^ tail ^ (static_cast<std::uint64_t>(left) << 56), 0xE703'7ED1'A0B4'28DBULL));
}

}  // namespace tombo
