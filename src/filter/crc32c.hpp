#pragma once

#include "filter/byte_filter.hpp"

#include <array>
#include <cstdint>

namespace tombo::filter {

/// CRC-32C (Castagnoli) over several pieces: begin with 0 and hand the result on.  For headers, not for payload.
inline std::uint32_t crc32c(Bytes bytes, std::uint32_t before = 0) {
  constexpr std::uint32_t kPolynomial = 0x82F6'3B78;  // reflected
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t crc = ~before;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

}  // namespace tombo::filter
