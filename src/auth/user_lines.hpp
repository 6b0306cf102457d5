#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tombo::auth {

// Edits the text of a file of USER:SECRET lines.  Comments, blank lines and the order stay as they are.

/// With this secret for the user, whose line is replaced or added at the end.
std::string with_user(std::string_view text, std::string_view user, std::string_view secret);
/// Without the user; nothing if there was none.
std::optional<std::string> without_user(std::string_view text, std::string_view user);

}  // namespace tombo::auth
