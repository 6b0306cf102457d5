#include "mqtt/cursor.hpp"

#include "mqtt/utf8.hpp"

namespace tombo::mqtt {

std::uint32_t Cursor::long_varint() {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4 && i < rest_.size(); ++i) {
    const std::uint8_t byte = rest_[i];
    value |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * i);
    if (byte >= 0x80) continue;
    if (i != 0 && byte == 0) break;  // padded
    rest_ = rest_.subspan(i + 1);
    return value;
  }
  fail();
  return 0;
}

std::string_view Cursor::text() {
  const std::string_view text = text_of(binary());
  if (!is_valid_text(text)) return fail(), std::string_view{};
  return text;
}

}  // namespace tombo::mqtt
