#pragma once

#include "store/engine.hpp"

#include <rocksdb/env.h>

#include <memory>
#include <string>

namespace tombo::store::rocks {

/// The directory of a store and what lies in it.
struct Place {
  std::string directory;

  std::string db() const { return directory + "/db"; }
  /// Where a damaged store is built anew; takes the place of db() when it is complete.
  std::string rebuilt() const { return directory + "/db-rebuilt"; }
  std::string lock() const { return directory + "/LOCK"; }
  /// Is there when a read has met damage, or when an operator made it: the next start compares every checksum.
  std::string check_needed() const { return directory + "/check-needed"; }
};

/// Keeps other processes, and other engines of this one, out of a store as long as it lives.  RocksDB's own lock lies in
/// the database, which a repair moves away.
class DirectoryLock {
 public:
  static EngineResult<std::unique_ptr<DirectoryLock>> take(const Place& place, rocksdb::Env* env);
  explicit DirectoryLock(rocksdb::Env* env, rocksdb::FileLock* lock) : env_(env), lock_(lock) {}
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock() { env_->UnlockFile(lock_).PermitUncheckedError(); }

 private:
  rocksdb::Env* env_;
  rocksdb::FileLock* lock_;
};

/// Makes the directory if it is not there, for its owner only: payloads are nobody else's business.
EngineResult<void> make_directory(const std::string& directory);
/// Puts the names in the directory on stable storage.
EngineResult<void> sync_directory(const std::string& directory);

}  // namespace tombo::store::rocks
