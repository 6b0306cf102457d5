#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench::loader {

/// An entry of a Java properties file, escapes resolved.
struct Property {
  std::string key;
  std::string value;
  int line = 0;  // where it begins
};

/// Reads the format of java.util.Properties: # and ! comments, =, : or blanks between key and value, a backslash
/// at the end joins lines, \t \n \r \f \uXXXX and \ before anything else.  Blanks after a value go, as MQTTLoader
/// trims them.  Every text is such a file.
std::vector<Property> read_properties(std::string_view text);

}  // namespace tombo::bench::loader
