#pragma once

#include "store/engine.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tombo::store::rocks {

/// A place in the write-ahead log that cannot be read although batches that can follow it.
struct WalDamage {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t last_sequence = 0;  // of the last change behind the place
};

/// Reads the log files of a database as RocksDB frames them and tells of damage that recovery to a point in time would
/// pass over in silence: it stops at the first record that it cannot read, as after a power cut, whatever follows.
/// A log that just ends, in the midst of a record or not, is not damaged.  So the limits are: damage to the very last
/// batch looks like a torn write, and a log file that is gone altogether leaves no trace.
EngineResult<std::optional<WalDamage>> find_wal_damage(const std::string& db_directory);

/// Refuses to open a database for which there is no room: opening makes tables of the logs, and each attempt that fails
/// in the midst leaves a part of one behind, so attempts would take the last of the space.
EngineResult<void> check_room(const std::string& db_directory);

/// The names of the database's log files, oldest first.
std::vector<std::string> wal_files(const std::string& db_directory);

}  // namespace tombo::store::rocks
