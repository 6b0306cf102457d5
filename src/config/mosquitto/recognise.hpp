#pragma once

#include "config/load.hpp"

#include <string_view>

namespace tombo::config {

/// Which syntax a file is written in, by what most of its lines can only be; where that tells nothing (an empty file),
/// a name that ends in .conf means Mosquitto's.
Syntax recognise_syntax(std::string_view text, std::string_view name);

}  // namespace tombo::config
