#pragma once

#include "auth/principal.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tombo::auth::acl {

/// What a template names: the user (%u), the client id (%c) or an attribute of the principal (%{cn}).
struct Variable {
  enum class Kind : std::uint8_t { user, client, attribute };
  Kind kind = Kind::user;
  std::string attribute;
};

/// Who is judged.  Borrowed for one judgement.
struct Subject {
  std::string_view user;  // empty: none
  std::string_view client;
  const Principal& principal;

  /// Calls `take(value)` for each value that the variable has: none, one, or several for an attribute that is there
  /// several times.  Stops when `take` says true.
  template <class Take>
  bool any_value(const Variable& variable, Take take) const {
    if (variable.kind == Variable::Kind::user) return !user.empty() && take(user);
    if (variable.kind == Variable::Kind::client) return !client.empty() && take(client);
    for (const auto& [name, value] : principal.attributes) {
      if (name == variable.attribute && !value.empty() && take(std::string_view(value))) return true;
    }
    return false;
  }
};

/// Whether a value can stand in a level as it is.  One that holds a wildcard or a '/' would mean something else there.
/// [CVE-2017-7650]
inline bool fits_in_level(std::string_view value) {
  return value.find_first_of("+#/") == std::string_view::npos;
}

}  // namespace tombo::auth::acl
