#include "auth/acl/filter_algebra.hpp"

namespace tombo::auth::acl {

namespace {
bool is_wildcard(std::string_view level) {
  return level == "+" || level == "#";
}
}  // namespace

bool covers(std::string_view allowed, std::string_view wanted) {
  if (wanted == "#" && allowed == "+/#") return true;  // "+/#" matches a topic of one level, too
  LevelReader allowed_levels{allowed};
  LevelReader wanted_levels{wanted};
  for (bool first = true;; first = false) {
    const std::string_view may = allowed_levels.next();
    const std::string_view wants = wanted_levels.next();
    if (first && wants.starts_with('$') && is_wildcard(may)) return false;
    if (may == "#") return true;
    if (wants == "#" || (may != "+" && may != wants)) return false;
    if (wanted_levels.done) return allowed_levels.done || allowed_levels.rest == "#";
    if (allowed_levels.done) return false;
  }
}

bool overlaps(std::string_view a, std::string_view b) {
  LevelReader a_levels{a};
  LevelReader b_levels{b};
  for (bool first = true;; first = false) {
    const std::string_view one = a_levels.next();
    const std::string_view other = b_levels.next();
    if (first && ((one.starts_with('$') && is_wildcard(other)) || (other.starts_with('$') && is_wildcard(one)))) return false;
    if (one == "#" || other == "#") return true;
    if (one != "+" && other != "+" && one != other) return false;
    if (a_levels.done && b_levels.done) return true;
    if (a_levels.done) return b_levels.rest == "#";
    if (b_levels.done) return a_levels.rest == "#";
  }
}

}  // namespace tombo::auth::acl
