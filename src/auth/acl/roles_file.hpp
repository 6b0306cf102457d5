#pragma once

#include "auth/acl/mosquitto_acl.hpp"
#include "auth/acl/rule_book.hpp"

#include <string_view>
#include <vector>

namespace tombo::auth::acl {

/// Roles, and who has them.  docs/acl.md describes the file.
struct Roles {
  std::vector<ScopeId> everybody;
  std::vector<ScopeId> anonymous;      // nobody vouches for their name
  std::vector<ScopeId> authenticated;  // somebody does
  ByName<std::vector<ScopeId>> users;  // with those of the groups that the file puts them into
  ByName<std::vector<ScopeId>> groups;
};

/// Reads the file's text; what is wrong is told to `complaints`, and the rest is read all the same.
Roles read_roles(std::string_view text, RuleBook& book, Complaints& complaints);

}  // namespace tombo::auth::acl
