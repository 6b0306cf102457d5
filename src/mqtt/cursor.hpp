#pragma once

#include "mqtt/types.hpp"

#include <cstdint>
#include <string_view>

namespace tombo::mqtt {

/// Reads the fields of one packet and never past its end.  After the first field that does not fit, ok() is
/// false, every further read yields zero or nothing, and the packet is malformed.  The only code that indexes
/// packet bytes.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  Bytes rest() const { return rest_; }

  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  /// Variable byte integer of at most four bytes; a padded form fails.  [MQTT-1.5.5-1]
  std::uint32_t varint();
  Bytes take(std::size_t size);
  /// Two-byte length and that many bytes.
  Bytes binary();
  /// Two-byte length and valid text.  [MQTT-1.5.4-1, MQTT-1.5.4-2]
  std::string_view text();
  void fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::uint32_t long_varint();

  Bytes rest_;
  bool ok_ = true;
};

inline std::uint8_t Cursor::u8() {
  if (rest_.empty()) return fail(), std::uint8_t{0};
  const std::uint8_t value = rest_[0];
  rest_ = rest_.subspan(1);
  return value;
}

inline std::uint16_t Cursor::u16() {
  if (rest_.size() < 2) return fail(), std::uint16_t{0};
  const auto value = static_cast<std::uint16_t>(rest_[0] << 8 | rest_[1]);
  rest_ = rest_.subspan(2);
  return value;
}

inline std::uint32_t Cursor::u32() {
  const std::uint32_t high = u16();
  return high << 16 | u16();
}

inline std::uint32_t Cursor::varint() {
  if (!rest_.empty() && rest_[0] < 0x80) [[likely]] {
    const std::uint32_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }
  return long_varint();
}

inline Bytes Cursor::take(std::size_t size) {
  if (rest_.size() < size) return fail(), Bytes{};
  const Bytes taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

inline Bytes Cursor::binary() {
  return take(u16());
}

}  // namespace tombo::mqtt
