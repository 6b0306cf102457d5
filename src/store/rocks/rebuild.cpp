#include "store/rocks/rebuild.hpp"

#include "store/rocks/salvage.hpp"
#include "store/rocks/status.hpp"

#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>

#include <chrono>
#include <ctime>
#include <filesystem>

namespace tombo::store::rocks {

namespace fs = std::filesystem;

namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return {text, size};
}

std::string name_of(const std::string& path) {
  return fs::path(path).filename().string();
}

/// Puts the rebuilt database in the place of the old one.  Between the two renames there is none: finish_rebuild().
EngineResult<std::string> swap_in(const Place& place) {
  auto aside = make_aside(place);
  if (!aside) return aside;
  std::error_code code;
  fs::rename(place.db(), *aside + "/db", code);
  if (!code) fs::rename(place.rebuilt(), place.db(), code);
  if (code) return Failure{error_from("the damaged store cannot be set aside", code)};
  if (auto synced = sync_directory(place.directory); !synced) return Failure{synced.error()};
  return aside;
}

EngineResult<void> remove_rebuilt(const Place& place) {
  std::error_code code;
  fs::remove_all(place.rebuilt(), code);
  if (code) return Failure{error_from("an unfinished rebuild cannot be removed", code)};
  return {};
}

/// Tables are never written to, so a second name of the same file will do for them; everything else is copied.
EngineResult<void> copy_files(const Place& place) {
  std::error_code code;
  fs::create_directory(place.rebuilt(), code);
  for (const auto& entry : fs::directory_iterator(place.db(), code)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name == "LOCK") continue;
    const std::string to = place.rebuilt() + "/" + name;
    std::error_code no_link(1, std::generic_category());
    if (name.ends_with(".sst")) fs::create_hard_link(entry.path(), to, no_link);
    if (no_link) fs::copy_file(entry.path(), to, code);
    if (code) break;
  }
  if (code) return Failure{error_from("the damaged store cannot be copied", code)};
  return {};
}

/// RepairDB moves there what it cannot read, and the old logs, which it has made tables of.
std::string tables_lost(const Place& place) {
  std::string names;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(place.rebuilt() + "/lost", code)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".sst")) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

struct DamagedTable {
  std::string name;
  std::string why;
};

std::vector<DamagedTable> damaged_tables(rocksdb::DB& db, const rocksdb::Options& options) {
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  std::vector<DamagedTable> found;
  for (const auto& file : files) {
    const std::string path = file.db_path + file.name;
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(path);
    if (status.ok()) status = reader.VerifyChecksum();
    if (!status.ok()) found.push_back({name_of(path), error_from(status, file.db_path).text});
  }
  return found;
}

}  // namespace

EngineResult<std::string> make_aside(const Place& place) {
  const std::string base = place.directory + "/damaged-" + utc_now();
  std::string path = base;
  std::error_code code;
  for (int n = 2; !fs::create_directory(path, code); ++n) {
    if (code) return Failure{error_from("a directory for damaged files cannot be made", code)};
    path = base + "-" + std::to_string(n);
  }
  return path;
}

EngineResult<void> finish_rebuild(const Place& place) {
  std::error_code code;
  if (!fs::exists(place.rebuilt(), code)) return {};
  if (fs::exists(place.db(), code)) return remove_rebuilt(place);
  fs::rename(place.rebuilt(), place.db(), code);
  if (code) return Failure{error_from("the rebuilt store cannot be put in its place", code)};
  return sync_directory(place.directory);
}

EngineResult<void> rebuild_from_files(const Place& place, const rocksdb::Options& options, const std::string& why,
                                      Warnings& warnings) {
  if (auto removed = remove_rebuilt(place); !removed) return removed;
  if (auto copied = copy_files(place); !copied) return copied;
  const rocksdb::Status repaired = rocksdb::RepairDB(place.rebuilt(), options);
  if (!repaired.ok()) return Failure{error_from(repaired, place.rebuilt())};
  const std::string lost = tables_lost(place);
  std::error_code code;
  fs::remove_all(place.rebuilt() + "/lost", code);  // each is in the directory that is set aside, too
  const auto aside = swap_in(place);
  if (!aside) return Failure{aside.error()};
  warnings.push_back("the store could not be opened (" + why + "): it was rebuilt from its files; the old one is in " +
                     name_of(*aside));
  if (!lost.empty()) warnings.push_back("what only these files held is missing, they could not be read: " + lost);
  return {};
}

EngineResult<void> check_and_rebuild_from_rows(const Place& place, const rocksdb::Options& options, Warnings& warnings) {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, place.db(), &opened);
  std::unique_ptr<rocksdb::DB> db(opened);
  if (!status.ok()) return Failure{error_from(status, place.db())};
  const std::vector<DamagedTable> damaged = damaged_tables(*db, options);
  if (damaged.empty()) return {};
  if (auto removed = remove_rebuilt(place); !removed) return removed;
  const auto salvaged = copy_readable_rows(*db, place.rebuilt(), options);
  if (!salvaged) return Failure{salvaged.error()};
  db.reset();
  const auto aside = swap_in(place);
  if (!aside) return Failure{aside.error()};
  for (const auto& table : damaged) warnings.push_back("the table " + table.name + " is damaged: " + table.why);
  warnings.push_back("the store was rebuilt from the " + std::to_string(salvaged->rows) +
                     " rows that could be read; what stood in " + std::to_string(salvaged->gaps) +
                     " places is missing; the old store is in " + name_of(*aside));
  return {};
}

}  // namespace tombo::store::rocks
