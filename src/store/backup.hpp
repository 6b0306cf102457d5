#pragma once

#include "store/engine.hpp"

#include <string>

namespace tombo::store {

/// Engine::checkpoint() for an operator: `directory` may be there if it is empty.  The copy is laid out like the directory of a
/// store, so that everything that opens stores opens it.
/// Lives on: a thread that may block.
EngineResult<void> make_backup(Engine& engine, const std::string& directory);

}  // namespace tombo::store
