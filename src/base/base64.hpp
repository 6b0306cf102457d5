#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tombo {

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);

/// What base64() made; nothing for anything else, missing padding and stray bits included.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace tombo
