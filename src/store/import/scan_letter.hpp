#pragma once

#include "store/engine.hpp"

namespace tombo::store {

/// All rows whose key begins with `letter`.
EngineResult<void> scan_letter(const Engine& engine, char letter, const Engine::Visit& visit);

}  // namespace tombo::store
