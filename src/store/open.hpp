#pragma once

#include "store/engine.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tombo::store {

/// gateway: 2 MB buffers, 2 MB cache, few open files; server: 8 to 16 MB and more, for rate.
enum class Profile : std::uint8_t { gateway, server };

struct OpenParts {
  std::string directory;  // made if it is not there; the database is in its sub-directory "db"
  Profile profile = Profile::gateway;
  bool read_only = false;  // looks at a store that a broker may have open; sees it as it was when opened
};

/// What opening found and did.
struct Opened {
  std::unique_ptr<Engine> engine;
  /// For the log, one line each: what was damaged, where it was set aside, what is missing now.
  std::vector<std::string> warnings;
};

/// Opens the store in a directory, or makes it.  A damaged store is opened as far as it can be read; what cannot is set
/// aside in "damaged-<time>" beside it, never thrown away.
EngineResult<Opened> open_engine(const OpenParts& parts);

/// A store in memory that is gone with the process; for tests, and where nothing else was built in.
std::unique_ptr<Engine> make_memory_engine();

}  // namespace tombo::store
