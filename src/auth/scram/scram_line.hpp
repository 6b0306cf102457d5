#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace tombo::auth {

/// A line of a credential file, without its end, with a new salt: "alice:SCRAM-SHA-256$15000:...".
/// The error says what is wrong with the name, the password or the mechanism.  Takes some milliseconds.
Result<std::string, std::string> scram_line(std::string_view user, std::string_view password, std::string_view mechanism);

/// A credential file's text with this user's lines replaced by new ones, for SCRAM-SHA-256 and for SCRAM-SHA-1, or, without
/// a password, removed.  The error says what is wrong with the old text, as "FILE:LINE: what", or with the user.
Result<std::string, std::string> edit_scram_lines(std::string_view text, std::string_view file, std::string_view user,
                                                  const std::string* password);

}  // namespace tombo::auth
