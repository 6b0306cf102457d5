#pragma once

#include "store/engine.hpp"

#include <rocksdb/db.h>

#include <cstdint>
#include <string>

namespace tombo::store::rocks {

struct Salvaged {
  std::uint64_t rows = 0;
  std::uint64_t gaps = 0;  // places where rows could not be read
};

/// Makes a database in `directory` of every row of `from` that can be read, synced when it returns.
EngineResult<Salvaged> copy_readable_rows(rocksdb::DB& from, const std::string& directory, const rocksdb::Options& options);

}  // namespace tombo::store::rocks
