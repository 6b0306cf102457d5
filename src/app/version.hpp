#pragma once

#include <string_view>

namespace tombo::app {

/// "0.1.0", as CMakeLists.txt has it.
std::string_view version();

}  // namespace tombo::app
