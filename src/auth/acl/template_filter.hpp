#pragma once

#include "auth/acl/subject.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth::acl {

/// One level of a filter, with at most one variable between two pieces of text.
struct Level {
  enum class Kind : std::uint8_t { text, plus, hash, variable };
  Kind kind = Kind::text;
  std::string text;    // of a variable: what stands before it
  std::string suffix;  // what stands behind it
  Variable variable;

  /// Whether `level` is this one with `value` put in.
  bool is(std::string_view level, std::string_view value) const {
    return level.size() == text.size() + value.size() + suffix.size() && level.starts_with(text) &&
           level.substr(text.size(), value.size()) == value && level.ends_with(suffix);
  }
};

/// How a file writes variables.
enum class Variables : std::uint8_t {
  none,         // '%' is a character
  whole_level,  // Mosquitto's patterns: %u and %c, alone in their level
  in_level      // roles: %u, %c and %{name} once in a level, %% for a '%'
};

/// A topic filter whose levels may hold variables.
struct TemplateFilter {
  std::vector<Level> levels;

  /// The failure says what to write instead.
  static Result<TemplateFilter, std::string> parse(std::string_view text, Variables variables);

  bool has_variables() const;
  /// With the first value of each variable put in; nothing where one has none, or one that does not fit.
  std::optional<std::string> expand(const Subject& subject) const;
};

}  // namespace tombo::auth::acl
