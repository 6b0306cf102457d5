#pragma once

#include "store/engine.hpp"
#include "store/rocks/open_db.hpp"
#include "store/rocks/place.hpp"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace tombo::store::rocks {

/// The engine that is RocksDB: one column family, one write-ahead log, checksums on everything that is read.
///
/// After an error recover() closes the database and opens it anew, which brings everything back that was synced, and
/// what was not synced as far as the operating system still has it.  (DB::Resume() is not for us: after a full disk it
/// may go on with the log file that has failed, at which RocksDB 7.8 as Debian builds it, with assertions, aborts.)
/// Damage that a read meets is noted in the directory, so that the next start looks at every table and rebuilds.
class RocksEngine final : public Engine {
 public:
  struct Parts {
    Place place;
    rocksdb::Options options;
    std::unique_ptr<DirectoryLock> lock;  // null: read only
    std::unique_ptr<rocksdb::DB> db;
  };
  explicit RocksEngine(Parts parts);
  ~RocksEngine() override;

  EngineResult<void> write(const Changes& changes, bool sync) override;
  EngineResult<void> recover() override;
  EngineResult<bool> get(std::string_view key, std::string& value) const override;
  EngineResult<void> scan(std::string_view from, std::string_view to, const Visit& visit) const override;
  /// The copy is a store: its database is in the sub-directory that open_engine() expects.
  EngineResult<void> checkpoint(const std::string& directory) override;
  EngineResult<void> compact() override;
  EngineFigures figures() const override;

 private:
  bool read_only() const { return lock_ == nullptr; }
  void fill_batch(const Changes& changes);
  EngineResult<void> reopen();
  /// The status as an error; damage is noted.
  Failure<EngineError> failed(const rocksdb::Status& status) const;

  Place place_;
  rocksdb::Options options_;
  std::unique_ptr<DirectoryLock> lock_;
  OpenDb db_;
  rocksdb::WriteBatch batch_;
  std::optional<EngineError> broken_;  // why nothing is written until recover() has succeeded
  mutable std::atomic<bool> damage_noted_{false};
};

}  // namespace tombo::store::rocks
