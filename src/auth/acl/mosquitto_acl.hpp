#pragma once

#include "auth/acl/rule_book.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tombo::auth::acl {

/// So that tables with texts as keys are asked with string_views.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class T>
using ByName = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

/// Mosquitto's acl_file: `user` and `topic` lines, and `pattern` lines for everybody.
/// The rules of the client's user (or of the anonymous) decide first, then the patterns; of each, those that deny before
/// those that allow; what none allows is denied.
struct MosquittoAcl {
  ScopeId anonymous = 0;
  ScopeId patterns = 0;
  ByName<ScopeId> users;
};

/// Reads the file's text; what is wrong is told to `complaints`, and the rest is read all the same.
MosquittoAcl read_mosquitto_acl(std::string_view text, RuleBook& book, Complaints& complaints);

}  // namespace tombo::auth::acl
