#include "store/rocks/salvage.hpp"

#include "store/rocks/options.hpp"
#include "store/rocks/status.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>

namespace tombo::store::rocks {

namespace {

constexpr std::size_t kBatchBytes = 1 << 20;
/// Keys are taken for numbers of so many bytes when a gap is crossed.
constexpr std::size_t kKeyBytesMin = 24;
constexpr std::size_t kKeyBytesMax = 256;

/// `key` plus two to the power of `bit`, both as a big-endian number of `bytes` bytes; empty if that has no room.
std::string sum(std::string key, std::size_t bit, std::size_t bytes) {
  key.resize(bytes, '\0');
  unsigned carry = 1U << (bit % 8);
  for (std::size_t at = bytes - bit / 8; at != 0 && carry != 0; --at) {
    const unsigned value = static_cast<unsigned char>(key[at - 1]) + carry;
    key[at - 1] = static_cast<char>(value & 0xFF);
    carry = value >> 8;
  }
  return carry == 0 ? key : std::string();
}

/// Walks over all rows and around what cannot be read.
class Salvage {
 public:
  Salvage(rocksdb::DB& from, rocksdb::DB& to) : from_(from), to_(to), row_(new_iterator()) {}

  rocksdb::Status run() {
    rocksdb::Status status;
    for (row_->SeekToFirst(); status.ok(); row_->Next()) {
      if (!row_->Valid() && (row_->status().ok() || !cross_gap())) break;
      status = copy_row();
    }
    if (status.ok()) status = write();
    return status;
  }
  const Salvaged& done() const { return done_; }

 private:
  /// Stands on the first row behind the gap, as near as it can be found; false if nothing readable follows.
  /// Steps of doubling width find a place that can be read, halving them finds where that begins.
  bool cross_gap() {
    ++done_.gaps;
    const std::size_t bytes = std::clamp(last_key_.size() + 1, kKeyBytesMin, kKeyBytesMax);
    const std::string start = last_key_.substr(0, bytes);
    for (std::size_t bit = 0; bit < bytes * 8; ++bit) {
      std::string next = sum(start, bit, bytes);
      if (next.empty()) break;
      if (!readable_from(next)) continue;
      if (next = halve(start, bit, bytes); !readable_from(next)) return false;
      return row_->Valid();
    }
    return false;
  }
  /// start + 2^bit can be read from, start + 2^(bit - 1) cannot: the lowest place between them that can.
  std::string halve(const std::string& start, std::size_t bit, std::size_t bytes) {
    std::string unreadable = bit == 0 ? start : sum(start, bit - 1, bytes);
    for (std::size_t step = bit == 0 ? 0 : bit - 1; step != 0; --step) {
      const std::string middle = sum(unreadable, step - 1, bytes);
      if (!readable_from(middle)) unreadable = middle;
    }
    return sum(unreadable, 0, bytes);
  }
  /// Always by a new iterator: one of RocksDB 7.8 that went from a good block to a damaged one and back to the same good
  /// one still reports the damage.
  bool readable_from(const std::string& key) {
    row_ = new_iterator();
    row_->Seek(key);
    return row_->status().ok();
  }
  std::unique_ptr<rocksdb::Iterator> new_iterator() {
    rocksdb::ReadOptions how = read_options();
    how.fill_cache = false;
    return std::unique_ptr<rocksdb::Iterator>(from_.NewIterator(how));
  }

  rocksdb::Status copy_row() {
    last_key_ = row_->key().ToString();
    batch_.Put(row_->key(), row_->value());
    ++done_.rows;
    return batch_.GetDataSize() < kBatchBytes ? rocksdb::Status() : write();
  }
  rocksdb::Status write() {
    rocksdb::WriteOptions how;
    how.disableWAL = true;  // flushed and synced at the end
    const rocksdb::Status status = to_.Write(how, &batch_);
    batch_.Clear();
    return status;
  }

  rocksdb::DB& from_;
  rocksdb::DB& to_;
  std::unique_ptr<rocksdb::Iterator> row_;
  rocksdb::WriteBatch batch_;
  std::string last_key_;
  Salvaged done_;
};

}  // namespace

EngineResult<Salvaged> copy_readable_rows(rocksdb::DB& from, const std::string& directory, const rocksdb::Options& options) {
  rocksdb::Options fresh = options;
  fresh.create_if_missing = true;
  fresh.error_if_exists = true;
  rocksdb::DB* made = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(fresh, directory, &made);
  const std::unique_ptr<rocksdb::DB> to(made);
  if (!status.ok()) return Failure{error_from(status, directory)};
  Salvage salvage(from, *to);
  status = salvage.run();
  if (status.ok()) status = to->Flush(rocksdb::FlushOptions());
  if (status.ok()) status = to->Close();
  if (!status.ok()) return Failure{error_from(status, directory)};
  return salvage.done();
}

}  // namespace tombo::store::rocks
