#pragma once

#include "base/result.hpp"

#include <string>

namespace tombo::tomboctl {

/// A new password: typed twice and not shown where stdin is a terminal, otherwise its first line.
Result<std::string, std::string> read_new_password();

}  // namespace tombo::tomboctl
