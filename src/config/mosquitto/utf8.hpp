#pragma once

#include <string_view>

namespace tombo::config::mosquitto {

/// Whether a text is well-formed UTF-8 without control characters but the tab, as values of directives must be.
bool is_utf8(std::string_view text);

}  // namespace tombo::config::mosquitto
