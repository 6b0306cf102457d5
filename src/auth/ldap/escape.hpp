#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth {

/// A value in a search filter: it means itself, never a pattern.  (RFC 4515, section 3)
std::string escape_for_filter(std::string_view value);
/// A value in a distinguished name.  (RFC 4514, section 2.4)
std::string escape_for_dn(std::string_view value);
/// `form` with `value` in place of each %u and % in place of each %%.
std::string fill_in(std::string_view form, std::string_view value);

/// "uid=%u" in a filter or name: an attribute, and what its value is for a user.
struct NamedBy {
  std::string attribute;
  std::string value_form;
};
/// All of those in `form`.  Directories compare without regard to case and more, tombo does not: "ALICE" would be another
/// user to the ACL.  So the entry must have the value exactly.
std::vector<NamedBy> named_by(std::string_view form);

}  // namespace tombo::auth
