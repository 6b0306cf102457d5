#pragma once

#include "base/result.hpp"
#include "store/open.hpp"
#include "tomboctl/trouble.hpp"

#include <functional>
#include <string>

// Stores on disk: a directory as [persistence] names it, with the store in its sub-directory "db".  A backup looks the same.

namespace tombo::tomboctl {

bool has_store(const std::string& directory);

/// Opens a store that a broker may use at the same time, and sees it as it is now.  Nothing is changed.
Result<store::Opened, Trouble> open_to_read(const std::string& directory);
/// Opens a store that is there and that nobody uses.
Result<store::Opened, Trouble> open_to_write(const std::string& directory);

/// Makes a store with what `fill` puts into it.  It appears whole or not at all.
Result<void, Trouble> make_store(const std::string& directory, const std::function<Result<void, Trouble>(store::Engine&)>& fill);

/// Copies the store of one directory into another, which must be empty or not there.  It appears whole or not at all.
Result<void, Trouble> copy_store(const std::string& from, const std::string& to);

/// What root wrote there is given to whom the directory belongs to: the broker has to write it.
void leave_to_owner(const std::string& directory);

/// What the engine says, with the directory.
Trouble trouble_with(const std::string& directory, const store::EngineError& error);

}  // namespace tombo::tomboctl
