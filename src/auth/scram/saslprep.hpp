#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tombo::auth {

/// A user name or password as SCRAM compares it (RFC 4013).  Nothing for what may not be one: no UTF-8, NUL or other
/// control characters.
std::optional<std::string> saslprep(std::string_view text);

}  // namespace tombo::auth
