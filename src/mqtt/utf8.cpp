#include "mqtt/utf8.hpp"

#include "mqtt/words.hpp"

#include <cstdint>

namespace tombo::mqtt {
namespace {

/// Length of the well-formed sequence of two to four bytes at `text`, or 0.  The second byte's range shuts
/// out overlong forms, surrogates and what lies above U+10FFFF.
std::size_t sequence_size(const std::uint8_t* text, std::size_t size) {
  const std::uint8_t lead = text[0];
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || size < length || text[1] < low || text[1] > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((text[i] & 0xC0) != 0x80) return 0;
  }
  return length;
}

template <bool kNulAllowed>
bool passes_quickly(std::uint64_t word) {
  return kNulAllowed ? words::is_ascii(word) : words::is_plain(word);
}

template <bool kNulAllowed>
bool is_valid(std::string_view text) {
  const char* at = text.data();
  std::size_t left = text.size();
  while (left != 0) {
    if (left < 8) {
      if (passes_quickly<kNulAllowed>(words::load_rest(at, left))) return true;
    } else if (passes_quickly<kNulAllowed>(words::load(at))) {
      at += 8;
      left -= 8;
      continue;
    }
    // One character, then the fast way is tried again.
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(at);
    std::size_t length = 1;
    if (bytes[0] >= 0x80) {
      length = sequence_size(bytes, left);
      if (length == 0) return false;
    } else if (!kNulAllowed && bytes[0] == 0) {
      return false;
    }
    at += length;
    left -= length;
  }
  return true;
}

}  // namespace

bool is_valid_text(std::string_view text) {
  return is_valid<false>(text);
}

bool is_valid_payload_text(std::string_view text) {
  return is_valid<true>(text);
}

}  // namespace tombo::mqtt
