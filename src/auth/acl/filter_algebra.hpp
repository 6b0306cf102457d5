#pragma once

#include <string_view>

namespace tombo::auth::acl {

// Topic filters as sets of topics.  Topics that begin with '$' belong to no filter that begins with a wildcard.
// Both arguments are valid filters without $share.

/// Whether every topic that `wanted` matches is matched by `allowed`, too.
bool covers(std::string_view allowed, std::string_view wanted);

/// Whether some topic is matched by both.
bool overlaps(std::string_view a, std::string_view b);

/// A topic or filter taken apart level by level; an empty level is a level.
struct LevelReader {
  std::string_view rest;
  bool done = false;

  std::string_view next() {
    const std::size_t slash = rest.find('/');
    const std::string_view level = rest.substr(0, slash);
    done = slash == std::string_view::npos;
    rest = done ? std::string_view{} : rest.substr(slash + 1);
    return level;
  }
};

}  // namespace tombo::auth::acl
