#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace tombo::auth {

/// A line of a credential file, without its end, with a new salt: "alice:SCRAM-SHA-256$15000:...".
/// The error says what is wrong with the name, the password or the mechanism.  Takes some milliseconds.
Result<std::string, std::string> scram_line(std::string_view user, std::string_view password, std::string_view mechanism);

}  // namespace tombo::auth
