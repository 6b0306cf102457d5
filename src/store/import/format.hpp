#pragma once

#include "store/engine.hpp"

namespace tombo::store {

/// Fails with a text for the operator when the store has a format that this program does not know.  A store without any rows
/// has none yet.
EngineResult<void> check_format(const Engine& engine);

}  // namespace tombo::store
