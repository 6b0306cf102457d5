#pragma once

#include "store/engine.hpp"

#include <rocksdb/status.h>

#include <string>
#include <system_error>

namespace tombo::store::rocks {

/// What a status of RocksDB means to us; `directory` is cut out of its text.
EngineError error_from(const rocksdb::Status& status, const std::string& directory);
/// What errno, or a filesystem call, says about `what`.
EngineError error_from(const std::string& what, std::error_code code);

}  // namespace tombo::store::rocks
