#pragma once

#include <string_view>

namespace tombo::control {

/// Whether JSON can carry it as it is: well-formed UTF-8 without control characters but tab and line ends.
bool is_text(std::string_view bytes);

}  // namespace tombo::control
