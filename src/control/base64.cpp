#include "control/base64.hpp"

#include "control/protocol.hpp"

#include <algorithm>
#include <cstdint>

namespace tombo::control {

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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

bool is_text(std::string_view bytes) {
  const auto is_control = [](char c) { return static_cast<std::uint8_t>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; };
  if (std::any_of(bytes.begin(), bytes.end(), is_control)) return false;
  // What is no UTF-8 is cut away by the writer.
  const std::string written = Json(std::string(bytes)).dump(-1, ' ', false, Json::error_handler_t::ignore);
  return Json::parse(written, nullptr, false) == Json(std::string(bytes));
}

}  // namespace tombo::control
