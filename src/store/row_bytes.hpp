#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace tombo::store {

/// Appends the fields of a row: numbers in groups of seven bits, lowest first, texts behind their length.
class RowWriter {
 public:
  void byte(unsigned value) { bytes_ += static_cast<char>(value); }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<unsigned>(value & 0x7F) | 0x80U);
    byte(static_cast<unsigned>(value));
  }
  /// Small whatever its sign.
  void signed_number(std::int64_t value) {
    number(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  void reserve(std::size_t size) { bytes_.reserve(size); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what RowWriter wrote, never past the end.  After the first field that does not fit every further read gives
/// zero or nothing, and done() is false.  A number has one form only, so a row that is accepted is the one that would be
/// written again.
class RowReader {
 public:
  explicit RowReader(std::string_view bytes) : rest_(bytes) {}

  unsigned byte() {
    if (rest_.empty()) return fail(), 0;
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t number(std::uint64_t max = std::numeric_limits<std::uint64_t>::max());
  /// A number that its writer leaves out when it is zero.
  std::uint64_t number_not_zero(std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) {
    const std::uint64_t value = number(max);
    if (value == 0) fail();
    return value;
  }
  std::uint32_t number32() { return static_cast<std::uint32_t>(number(std::numeric_limits<std::uint32_t>::max())); }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
  }
  std::string_view text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) return fail(), std::string_view{};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::size_t remaining() const { return rest_.size(); }
  bool ok() const { return ok_; }
  /// Everything was read, and nothing but that was there.
  bool done() const { return ok_ && rest_.empty(); }
  void fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

inline std::uint64_t RowReader::number(std::uint64_t max) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint64_t group = byte();
    if (shift == 63 && group > 1) break;                          // more than 64 bits
    value |= (group & 0x7F) << shift;
    if (group >= 0x80) continue;
    if ((group == 0 && shift != 0) || value > max) break;         // padded, or out of range
    return value;
  }
  fail();
  return 0;
}

}  // namespace tombo::store
