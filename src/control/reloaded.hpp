#pragma once

#include <string>
#include <vector>

namespace tombo::control {

/// What a reload came to.
struct Reloaded {
  bool good = false;
  std::vector<std::string> changed;       // keys
  std::vector<std::string> need_restart;  // keys
  std::string problem;                    // why the old options stay
};

}  // namespace tombo::control
