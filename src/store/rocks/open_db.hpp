#pragma once

#include <rocksdb/db.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace tombo::store::rocks {

/// The open database, which its owner may close and open again while others read.  A use may begin within another use
/// of the same thread (a visitor of a scan reads single keys), so a close that waits for the last use lets new ones in.
/// Lives on: any thread; close() and open() on one.
class OpenDb {
 public:
  class Use {
   public:
    explicit Use(const OpenDb* from, rocksdb::DB* db) : from_(from), db_(db) {}
    Use(Use&& other) noexcept : from_(std::exchange(other.from_, nullptr)), db_(other.db_) {}
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (from_ != nullptr) from_->end_use();
    }
    explicit operator bool() const { return db_ != nullptr; }
    rocksdb::DB* operator->() const { return db_; }
    rocksdb::DB* get() const { return db_; }

   private:
    const OpenDb* from_;
    rocksdb::DB* db_;
  };

  explicit OpenDb(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}

  /// Gives nothing while the database is closed.
  Use use() const {
    const std::lock_guard lock(mutex_);
    ++uses_;
    return Use(this, db_.get());
  }
  void close() {
    std::unique_lock lock(mutex_);
    unused_.wait(lock, [this] { return uses_ == 0; });
    db_.reset();
  }
  void open(std::unique_ptr<rocksdb::DB> db) {
    const std::lock_guard lock(mutex_);
    db_ = std::move(db);
  }

 private:
  void end_use() const {
    const std::lock_guard lock(mutex_);
    if (--uses_ == 0) unused_.notify_all();
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable unused_;
  mutable int uses_ = 0;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace tombo::store::rocks
