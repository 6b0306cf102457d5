#include "control/is_text.hpp"

#include "control/protocol.hpp"

#include <algorithm>
#include <cstdint>

namespace tombo::control {

bool is_text(std::string_view bytes) {
  const auto is_control = [](char c) { return static_cast<std::uint8_t>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; };
  if (std::any_of(bytes.begin(), bytes.end(), is_control)) return false;
  // What is no UTF-8 is cut away by the writer.
  const std::string written = Json(std::string(bytes)).dump(-1, ' ', false, Json::error_handler_t::ignore);
  return Json::parse(written, nullptr, false) == Json(std::string(bytes));
}

}  // namespace tombo::control
