#pragma once

#include "base/result.hpp"
#include "tombo/plugin.h"

#include <string>

namespace tombo::plugin {

/// What a plugin's file exports, once it was seen to fit.
struct SharedObject {
  std::uint32_t api = 0;
  int (*init)(const tombo_host* host, tombo_start* start) = nullptr;
};

/// Loads a shared object and looks whether it is a plugin of this broker's version, before any of it is called.  One that is
/// not is unloaded; one that is stays until the process ends: a thread of its own that ends a moment too late must not
/// fall into a hole.  The failure says what is wrong.
Result<SharedObject, std::string> load_shared_object(const std::string& path);

}  // namespace tombo::plugin
