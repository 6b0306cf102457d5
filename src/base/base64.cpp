#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace tombo {

namespace {
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 64;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < kDigits.size(); ++i) values[static_cast<std::uint8_t>(kDigits[i])] = i;
  return values;
}();
}  // namespace

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t i) {
      return at + i < bytes.size() ? std::uint32_t{static_cast<std::uint8_t>(bytes[at + i])} : 0U;
    };
    const std::uint32_t three = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (unsigned i = 0; i < 4; ++i) text += at + i > bytes.size() ? '=' : kDigits[three >> (18 - 6 * i) & 63];
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const unsigned digits = at + 4 < text.size() ? 4 : 4 - static_cast<unsigned>(padding);
    std::uint32_t three = 0;
    for (unsigned i = 0; i < digits; ++i) {
      const std::uint8_t value = kValues[static_cast<std::uint8_t>(text[at + i])];
      if (value == kNoDigit) return std::nullopt;
      three |= std::uint32_t{value} << (18 - 6 * i);
    }
    const std::uint32_t unused = three & (digits == 4 ? 0U : digits == 3 ? 0xFFU : 0xFFFFU);
    if (unused != 0) return std::nullopt;
    for (unsigned i = 0; i + 1 < digits; ++i) bytes += static_cast<char>(three >> (16 - 8 * i) & 0xFF);
  }
  return bytes;
}

}  // namespace tombo
