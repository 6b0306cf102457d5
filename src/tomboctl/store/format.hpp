#pragma once

#include "store/engine.hpp"

namespace tombo::tomboctl {

/// Fails with a text for the operator when the store has a format that this program does not know.  A store without any rows
/// has none yet.
store::EngineResult<void> check_format(const store::Engine& engine);

}  // namespace tombo::tomboctl
