#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace tombo::tomboctl {

/// Writes a file that holds secrets, whole or not at all.  A new one is 0600.  One that takes an old one's place keeps its
/// owner and group, and its mode as far as 0640; a symbolic link stays and its target is replaced.
Result<void, std::string> replace_file(const std::string& path, std::string_view text);

}  // namespace tombo::tomboctl
