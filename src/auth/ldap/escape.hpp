#pragma once

#include <string>
#include <string_view>

namespace tombo::auth {

/// A value in a search filter: it means itself, never a pattern.  (RFC 4515, section 3)
std::string escape_for_filter(std::string_view value);
/// A value in a distinguished name.  (RFC 4514, section 2.4)
std::string escape_for_dn(std::string_view value);
/// `form` with `value` in place of each %u and % in place of each %%.
std::string fill_in(std::string_view form, std::string_view value);

}  // namespace tombo::auth
