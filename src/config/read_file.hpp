#pragma once

#include <string>

namespace tombo::config {

/// Appends the whole of a configuration file to `text`; false, and why, for what cannot be read or is no such file.
bool read_file(const std::string& path, std::string& text, std::string& why_not);

}  // namespace tombo::config
