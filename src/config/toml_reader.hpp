#pragma once

#include "config/draft.hpp"

#include <string_view>

namespace tombo::config {

/// Reads TOML into a draft.  A line that is no TOML is reported and left out, so that the rest is checked as
/// well.
void read_toml(std::string_view text, Draft& draft);

}  // namespace tombo::config
