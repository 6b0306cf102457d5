#pragma once

#include "mqtt/properties.hpp"
#include "mqtt/types.hpp"

#include <cstring>
#include <string_view>

namespace tombo::mqtt {

/// Bytes that a variable byte integer takes.
inline std::size_t varint_size(std::size_t value) {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20'0000 ? 3 : 4;
}

/// Size of a packet whose Remaining Length is `remaining`.
inline std::size_t packet_size(std::size_t remaining) {
  return 1 + varint_size(remaining) + remaining;
}

/// Size of a property section with `properties` bytes in it.
inline std::size_t section_size(std::size_t properties) {
  return varint_size(properties) + properties;
}

/// Writes fields into room that the encoder has measured before.
class RawWriter {
 public:
  explicit RawWriter(std::uint8_t* out) : out_(out) {}

  void u8(unsigned value) { *out_++ = static_cast<std::uint8_t>(value); }
  void u16(unsigned value) {
    u8(value >> 8);
    u8(value);
  }
  void u32(std::uint32_t value) {
    u16(value >> 16);
    u16(value & 0xFFFF);
  }
  void varint(std::size_t value) {
    for (; value >= 0x80; value >>= 7) u8(static_cast<unsigned>(value & 0x7F) | 0x80U);
    u8(static_cast<unsigned>(value));
  }
  void bytes(Bytes bytes) {
    if (!bytes.empty()) std::memcpy(out_, bytes.data(), bytes.size());
    out_ += bytes.size();
  }
  void binary(Bytes value) {
    u16(static_cast<unsigned>(value.size()));
    bytes(value);
  }
  void text(std::string_view value) { binary(bytes_of(value)); }
  void head(PacketType type, unsigned flags, std::size_t remaining) {
    u8(static_cast<unsigned>(type) << 4 | flags);
    varint(remaining);
  }
  void property(PropertyId id) { u8(static_cast<unsigned>(id)); }

 private:
  std::uint8_t* out_;
};

}  // namespace tombo::mqtt
