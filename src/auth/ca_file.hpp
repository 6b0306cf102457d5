#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth {

/// What is wrong with a PEM file of authorities: it cannot be read, or holds no certificate.  Empty for no file.
/// `option` is how the operator named it: "'ca_file' in [http]".
std::vector<std::string> problems_of_ca_file(const std::string& file, std::string_view option);

}  // namespace tombo::auth
