#include "config/mosquitto/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace tombo::config::mosquitto {

namespace {

/// How many bytes follow the first one; negative for what is none.
int followers_of(unsigned char first) {
  if (first < 0x80) return first >= 0x20 || first == '\t' ? 0 : -1;
  if (first >= 0xC2 && first <= 0xDF) return 1;
  if (first >= 0xE0 && first <= 0xEF) return 2;
  return first >= 0xF0 && first <= 0xF4 ? 3 : -1;
}

bool is_character(std::uint32_t code, int followers) {
  if (followers == 2) return code >= 0x800 && (code < 0xD800 || code > 0xDFFF);
  return followers != 3 || (code >= 0x10000 && code <= 0x10FFFF);
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at++]);
    const int followers = followers_of(first);
    if (followers < 0 || text.size() - at < static_cast<std::size_t>(followers)) return false;
    std::uint32_t code = first & (0x3FU >> followers);
    for (int i = 0; i < followers; ++i) {
      const auto next = static_cast<unsigned char>(text[at++]);
      if ((next & 0xC0U) != 0x80U) return false;
      code = code << 6U | (next & 0x3FU);
    }
    if (!is_character(code, followers)) return false;
  }
  return true;
}

}  // namespace tombo::config::mosquitto
