#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tombo::store::rocks {

namespace detail {
/// table[n][b]: the checksum of the byte b followed by n zero bytes.
constexpr std::array<std::array<std::uint32_t, 256>, 4> crc32c_tables() {
  std::array<std::array<std::uint32_t, 256>, 4> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F6'3B78U : 0U);
    table[0][byte] = crc;
  }
  for (std::size_t n = 1; n < 4; ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = table[n - 1][byte];
      table[n][byte] = before >> 8 ^ table[0][before & 0xFF];
    }
  }
  return table;
}
inline constexpr auto kCrc32c = crc32c_tables();
}  // namespace detail

/// CRC-32C (Castagnoli), four bytes at a time; RocksDB's is not part of what it offers.
inline std::uint32_t crc32c(std::string_view bytes) {
  const auto& table = detail::kCrc32c;
  const auto at = [&](std::size_t index) { return static_cast<unsigned char>(bytes[index]); };
  std::uint32_t crc = 0xFFFF'FFFF;
  std::size_t i = 0;
  for (; i + 4 <= bytes.size(); i += 4) {
    crc ^= static_cast<std::uint32_t>(at(i)) | static_cast<std::uint32_t>(at(i + 1)) << 8 |
           static_cast<std::uint32_t>(at(i + 2)) << 16 | static_cast<std::uint32_t>(at(i + 3)) << 24;
    crc = table[3][crc & 0xFF] ^ table[2][crc >> 8 & 0xFF] ^ table[1][crc >> 16 & 0xFF] ^ table[0][crc >> 24];
  }
  for (; i < bytes.size(); ++i) crc = crc >> 8 ^ table[0][(crc ^ at(i)) & 0xFF];
  return ~crc;
}

}  // namespace tombo::store::rocks
