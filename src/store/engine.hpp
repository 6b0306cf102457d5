#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::store {

/// Why the engine could not do something.
struct EngineError {
  enum class Kind : std::uint8_t {
    no_space,  // the disk is full; it may have room later
    io,        // the disk failed; it may recover
    damaged,   // what was read is not what was written
    refused,   // not ours, in use by another process, a format that we do not know
  };
  Kind kind = Kind::io;
  std::string text;  // for the operator, without the path
};
template <class T>
using EngineResult = Result<T, EngineError>;

/// Changes that take effect together or not at all.  Keys and values lie in one buffer, so filling it again costs no
/// allocation.
class Changes {
 public:
  enum class Kind : std::uint8_t { put, erase, erase_range };
  struct Change {
    Kind kind;
    std::string_view key;
    std::string_view value;  // of a range: its end, which is not part of it
  };

  void put(std::string_view key, std::string_view value) { add(Kind::put, key, value); }
  void erase(std::string_view key) { add(Kind::erase, key, {}); }
  void erase_range(std::string_view from, std::string_view to) { add(Kind::erase_range, from, to); }
  void clear() {
    places_.clear();
    bytes_.clear();
  }

  bool empty() const { return places_.empty(); }
  std::size_t size() const { return places_.size(); }
  /// Bytes of all keys and values.
  std::size_t bytes() const { return bytes_.size(); }
  /// In the order in which they were made.
  Change operator[](std::size_t index) const {
    const Place& place = places_[index];
    const std::string_view all = bytes_;
    return {place.kind, all.substr(place.at, place.key_size), all.substr(place.at + place.key_size, place.value_size)};
  }

 private:
  struct Place {
    std::size_t at;
    std::uint32_t key_size;
    std::uint32_t value_size;
    Kind kind;
  };
  void add(Kind kind, std::string_view key, std::string_view value) {
    places_.push_back({bytes_.size(), static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(value.size()), kind});
    bytes_ += key;
    bytes_ += value;
  }
  std::vector<Place> places_;
  std::string bytes_;
};

/// What an engine has done since it was opened.
struct EngineFigures {
  std::uint64_t bytes_on_disk = 0;
  std::uint64_t bytes_written = 0;  // log, flushes and compaction, as far as the engine counts them
};

/// An ordered map from keys to values on stable storage: all that the broker asks of a database.  The one place that
/// knows which database it is stands behind this.
/// Lives on: write() and recover() on one thread; everything else on any thread, at the same time.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Applies the changes.  With `sync`, returns after they, and everything written before, are on stable storage;
  /// without, a crash may lose them, and then everything written after them, too: what survives is always a prefix of
  /// the writes.  After an error nothing is written until recover() has succeeded; then the same changes may be written
  /// again, whether or not some of them had taken effect.
  virtual EngineResult<void> write(const Changes& changes, bool sync) = 0;
  /// After an error: makes the engine writable again if the disk allows.
  virtual EngineResult<void> recover() = 0;

  /// False: the key is not there.
  virtual EngineResult<bool> get(std::string_view key, std::string& value) const = 0;
  /// Return false to stop.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  /// Visits the keys from `from` up to, not including, `to` (empty: the end) in their order, as they were at one moment
  /// not before the call.
  virtual EngineResult<void> scan(std::string_view from, std::string_view to, const Visit& visit) const = 0;

  /// A copy of the state of one moment in `directory`, which must not exist yet; hard links where the disk has them.
  virtual EngineResult<void> checkpoint(const std::string& directory) = 0;
  /// Rewrites what is there, giving space of erased keys back.
  virtual EngineResult<void> compact() = 0;
  virtual EngineFigures figures() const = 0;
};

}  // namespace tombo::store
