#include "store/rocks/open_rocks.hpp"

#include "store/rocks/options.hpp"
#include "store/rocks/rebuild.hpp"
#include "store/rocks/rocks_engine.hpp"
#include "store/rocks/status.hpp"
#include "store/rocks/wal_check.hpp"

#include <filesystem>

namespace tombo::store {

namespace rocks {

namespace fs = std::filesystem;

namespace {

/// The pieces of one opening, in their order.
class Opening {
 public:
  Opening(const OpenParts& parts, rocksdb::Env* env)
      : place_{parts.directory}, options_(options_for(parts.profile, env)) {}
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  /// The copy of a log that nothing was lost from, or whose original is still in its place, is not kept.
  ~Opening() {
    std::error_code code;
    if (!wal_aside_.empty()) fs::remove_all(wal_aside_, code);
  }

  EngineResult<Opened> run() {
    if (auto step = take_place(); !step) return Failure{step.error()};
    if (auto step = rebuild_without_current(); !step) return Failure{step.error()};
    if (auto step = look_at_log(); !step) return Failure{step.error()};
    if (auto step = open(); !step) return Failure{step.error()};
    if (auto step = check_if_asked(); !step) return Failure{step.error()};
    judge_log();
    if (auto step = sync_directory(place_.directory); !step) return Failure{step.error()};
    return Opened{std::make_unique<RocksEngine>(RocksEngine::Parts{place_, options_, std::move(lock_), std::move(db_)}),
                  std::move(warnings_)};
  }

 private:
  EngineResult<void> take_place() {
    if (auto made = make_directory(place_.directory); !made) return made;
    auto lock = DirectoryLock::take(place_, options_.env);
    if (!lock) return Failure{lock.error()};
    lock_ = std::move(*lock);
    return finish_rebuild(place_);
  }

  /// Without the file CURRENT RocksDB would take the directory for an empty one, and remove what it does not know.
  EngineResult<void> rebuild_without_current() {
    std::error_code code;
    if (fs::exists(place_.db() + "/CURRENT", code)) return {};
    bool data = false;
    for (const auto& entry : fs::directory_iterator(place_.db(), code)) {
      const std::string name = entry.path().filename().string();
      data = data || name.ends_with(".sst") || name.ends_with(".log");
    }
    if (!data) {
      options_.create_if_missing = true;
      return {};
    }
    return rebuild_from_files(place_, options_, "the file CURRENT is missing", warnings_);
  }

  /// Copies the log if a part of it may be passed over: opening removes it.
  EngineResult<void> look_at_log() {
    auto damage = find_wal_damage(place_.db());
    if (!damage) return Failure{damage.error()};
    wal_damage_ = *damage;
    if (!wal_damage_) return {};
    auto aside = make_aside(place_);
    if (!aside) return Failure{aside.error()};
    wal_aside_ = *aside;
    std::error_code code;
    for (const std::string& name : wal_files(place_.db())) {
      fs::copy_file(place_.db() + "/" + name, wal_aside_ + "/" + name, code);
      if (code) return Failure{error_from("the damaged log cannot be copied", code)};
    }
    return {};
  }
  /// Says what was passed over, unless everything in the log was in the tables already.
  void judge_log() {
    if (!wal_damage_ || recovered_sequence_ >= wal_damage_->last_sequence) return;
    warnings_.push_back("the log " + wal_damage_->file + " is damaged at offset " + std::to_string(wal_damage_->offset) +
                        ": the last " + std::to_string(wal_damage_->last_sequence - recovered_sequence_) +
                        " changes in it are missing; a copy of it is in " + fs::path(wal_aside_).filename().string());
    wal_aside_.clear();
  }

  EngineResult<void> open() {
    if (auto room = check_room(place_.db()); !room) return room;
    rocksdb::Status status = try_open();
    if (status.IsCorruption()) {
      const std::string why = error_from(status, place_.db()).text;
      if (auto rebuilt = rebuild_from_files(place_, options_, why, warnings_); !rebuilt) return rebuilt;
      status = try_open();
    }
    if (!status.ok()) return Failure{error_from(status, place_.db())};
    recovered_sequence_ = std::max(recovered_sequence_, db_->GetLatestSequenceNumber());
    return {};
  }
  rocksdb::Status try_open() {
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options_, place_.db(), &db);
    db_.reset(db);
    return status;
  }

  EngineResult<void> check_if_asked() {
    std::error_code code;
    if (!fs::exists(place_.check_needed(), code)) return {};
    db_.reset();
    if (auto checked = check_and_rebuild_from_rows(place_, options_, warnings_); !checked) return checked;
    fs::remove(place_.check_needed(), code);
    return open();
  }

  Place place_;
  rocksdb::Options options_;
  Warnings warnings_;
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<rocksdb::DB> db_;
  std::optional<WalDamage> wal_damage_;
  std::string wal_aside_;
  std::uint64_t recovered_sequence_ = 0;  // of the last change that opening found
};

/// Tables that the broker's compaction replaces stay readable while they are open, so all are opened at once; one that
/// goes between the list and its opening makes a second try necessary.
EngineResult<Opened> open_to_read(const OpenParts& parts, rocksdb::Env* env) {
  constexpr int kTries = 5;
  const Place place{parts.directory};
  std::error_code code;
  if (!fs::exists(place.db() + "/CURRENT", code))
    return Failure{EngineError{EngineError::Kind::refused, "there is no store in this directory"}};
  rocksdb::Options options = options_for(parts.profile, env);
  options.max_open_files = -1;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  for (int n = 0; n < kTries && db == nullptr; ++n) status = rocksdb::DB::OpenForReadOnly(options, place.db(), &db);
  if (!status.ok()) return Failure{error_from(status, place.db())};
  RocksEngine::Parts engine{place, options, nullptr, std::unique_ptr<rocksdb::DB>(db)};
  return Opened{std::make_unique<RocksEngine>(std::move(engine)), {}};
}

}  // namespace

EngineResult<Opened> open_rocks(const OpenParts& parts, rocksdb::Env* env) {
  return parts.read_only ? open_to_read(parts, env) : Opening(parts, env).run();
}

}  // namespace rocks

EngineResult<Opened> open_engine(const OpenParts& parts) {
  return rocks::open_rocks(parts, nullptr);
}

}  // namespace tombo::store
