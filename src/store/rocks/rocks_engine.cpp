#include "store/rocks/rocks_engine.hpp"

#include "store/rocks/options.hpp"
#include "store/rocks/status.hpp"
#include "store/rocks/wal_check.hpp"

#include <rocksdb/convenience.h>
#include <rocksdb/statistics.h>
#include <rocksdb/utilities/checkpoint.h>

#include <filesystem>
#include <fstream>

namespace tombo::store::rocks {

namespace {

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}
Failure<EngineError> refused(const char* text) {
  return Failure{EngineError{EngineError::Kind::refused, text}};
}
Failure<EngineError> closed() {
  return Failure{EngineError{EngineError::Kind::io, "the store is closed after an error and could not be opened again yet"}};
}
constexpr const char* kReadOnly = "the store was opened for reading only";

}  // namespace

RocksEngine::RocksEngine(Parts parts)
    : place_(std::move(parts.place)),
      options_(std::move(parts.options)),
      lock_(std::move(parts.lock)),
      db_(std::move(parts.db)) {}

RocksEngine::~RocksEngine() {
  db_.close();
}

void RocksEngine::fill_batch(const Changes& changes) {
  batch_.Clear();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Changes::Change change = changes[i];
    switch (change.kind) {
      case Changes::Kind::put: batch_.Put(slice(change.key), slice(change.value)); break;
      case Changes::Kind::erase: batch_.Delete(slice(change.key)); break;
      case Changes::Kind::erase_range:
        // RocksDB notices a range that ends before it begins only when it is in the log already.
        if (change.key < change.value) batch_.DeleteRange(slice(change.key), slice(change.value));
        break;
    }
  }
}

EngineResult<void> RocksEngine::write(const Changes& changes, bool sync) {
  if (read_only()) return refused(kReadOnly);
  if (broken_) return Failure{*broken_};
  const OpenDb::Use db = db_.use();
  if (!db) return closed();
  fill_batch(changes);
  rocksdb::WriteOptions how;
  how.sync = sync;
  const rocksdb::Status status = db->Write(how, &batch_);
  if (status.ok()) return {};
  Failure<EngineError> failure = failed(status);
  broken_ = failure.error;
  return failure;
}

EngineResult<void> RocksEngine::recover() {
  if (read_only()) return refused(kReadOnly);
  if (!broken_) return {};
  if (broken_->kind == EngineError::Kind::damaged) return Failure{*broken_};
  if (auto reopened = reopen(); !reopened) return reopened;
  broken_.reset();
  return {};
}

EngineResult<void> RocksEngine::reopen() {
  // While there is no room the old one can still be read.
  if (auto room = check_room(place_.db()); !room) return room;
  db_.close();
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options_, place_.db(), &db);
  // Reading takes no room, and goes on.
  if (!status.ok()) rocksdb::DB::OpenForReadOnly(options_, place_.db(), &db).PermitUncheckedError();
  db_.open(std::unique_ptr<rocksdb::DB>(db));
  if (status.ok()) return {};
  Failure<EngineError> failure = failed(status);
  if (failure.error.kind == EngineError::Kind::damaged) broken_ = failure.error;
  return failure;
}

EngineResult<bool> RocksEngine::get(std::string_view key, std::string& value) const {
  const OpenDb::Use db = db_.use();
  if (!db) return closed();
  const rocksdb::Status status = db->Get(read_options(), slice(key), &value);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  return failed(status);
}

EngineResult<void> RocksEngine::scan(std::string_view from, std::string_view to, const Visit& visit) const {
  const OpenDb::Use db = db_.use();
  if (!db) return closed();
  const rocksdb::Slice end = slice(to);
  rocksdb::ReadOptions how = read_options();
  if (!to.empty()) how.iterate_upper_bound = &end;
  const std::unique_ptr<rocksdb::Iterator> row(db->NewIterator(how));
  for (row->Seek(slice(from)); row->Valid(); row->Next()) {
    if (!visit(view(row->key()), view(row->value()))) return {};
  }
  if (!row->status().ok()) return failed(row->status());
  return {};
}

EngineResult<void> RocksEngine::checkpoint(const std::string& directory) {
  if (read_only()) return refused(kReadOnly);
  std::error_code code;
  if (std::filesystem::exists(directory, code)) return refused("the directory of the copy exists already");
  const OpenDb::Use db = db_.use();
  if (!db) return closed();
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (!status.ok()) return failed(status);
  if (auto directory_made = make_directory(directory); !directory_made) return directory_made;
  status = checkpoint->CreateCheckpoint(Place{directory}.db());
  if (status.ok()) return sync_directory(directory);
  std::filesystem::remove_all(directory, code);
  return failed(status);
}

EngineResult<void> RocksEngine::compact() {
  if (read_only()) return refused(kReadOnly);
  const OpenDb::Use db = db_.use();
  if (!db) return closed();
  rocksdb::CompactRangeOptions how;
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const rocksdb::Status status = db->CompactRange(how, nullptr, nullptr);
  if (!status.ok()) return failed(status);
  return {};
}

EngineFigures RocksEngine::figures() const {
  EngineFigures figures;
  std::vector<rocksdb::Env::FileAttributes> files;
  if (options_.env->GetChildrenFileAttributes(place_.db(), &files).ok()) {
    for (const auto& file : files) figures.bytes_on_disk += file.size_bytes;
  }
  const rocksdb::Statistics& counted = *options_.statistics;
  figures.bytes_written = counted.getTickerCount(rocksdb::WAL_FILE_BYTES) +
                          counted.getTickerCount(rocksdb::FLUSH_WRITE_BYTES) +
                          counted.getTickerCount(rocksdb::COMPACT_WRITE_BYTES);
  return figures;
}

Failure<EngineError> RocksEngine::failed(const rocksdb::Status& status) const {
  EngineError error = error_from(status, place_.db());
  if (error.kind != EngineError::Kind::damaged || read_only()) return Failure{std::move(error)};
  if (!damage_noted_.exchange(true)) std::ofstream(place_.check_needed()) << error.text << '\n';
  error.text += "; every file is looked at when tombo is started again";
  return Failure{std::move(error)};
}

}  // namespace tombo::store::rocks
