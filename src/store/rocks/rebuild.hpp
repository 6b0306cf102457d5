#pragma once

#include "store/rocks/place.hpp"

#include <rocksdb/options.h>

#include <string>
#include <vector>

namespace tombo::store::rocks {

using Warnings = std::vector<std::string>;

/// A new directory "damaged-<UTC time>" in the store's.
EngineResult<std::string> make_aside(const Place& place);

/// Completes or removes what a process that ended in the midst of a rebuild left behind.
EngineResult<void> finish_rebuild(const Place& place);

/// For a database that cannot be opened: a new one of the tables and logs that can be read as files.
/// The old one, as it was, is set aside.
EngineResult<void> rebuild_from_files(const Place& place, const rocksdb::Options& options, const std::string& why,
                                      Warnings& warnings);

/// Looks at every byte of a database that can be opened.  If a table is damaged, makes a new database of every row that
/// can be read; the old one is set aside.
EngineResult<void> check_and_rebuild_from_rows(const Place& place, const rocksdb::Options& options, Warnings& warnings);

}  // namespace tombo::store::rocks
