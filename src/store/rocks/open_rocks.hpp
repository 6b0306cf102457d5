#pragma once

#include "store/open.hpp"

#include <rocksdb/env.h>

namespace tombo::store::rocks {

/// open_engine() on a file system of the caller's, which outlives the engine; null: the operating system's.
EngineResult<Opened> open_rocks(const OpenParts& parts, rocksdb::Env* env);

}  // namespace tombo::store::rocks
