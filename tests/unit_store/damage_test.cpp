#include "unit_store/arrange.hpp"
#include "unit_store/temp_dir.hpp"

#include <algorithm>
#include <fstream>
#include <random>

namespace tombo::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A store whose files a test may spoil while it is closed.
class Damage : public ::testing::Test {
 protected:
  /// Rows 0 to `count`, each written with a sync of its own.
  void fill(unsigned count, std::size_t bytes = 100) {
    const Opened store = opened(parts);
    for (unsigned i = 0; i < count; ++i) {
      expect_written(*store.engine, put(numbered(i), value(i, bytes)));
      all.emplace_back(numbered(i), value(i, bytes));
    }
  }
  /// Of `count` rows, makes tables.
  void fill_tables(unsigned count) {
    const Opened store = opened(parts);
    Changes changes;
    for (unsigned i = 0; i < count; ++i) {
      changes.put(numbered(i), value(i, 100));
      all.emplace_back(numbered(i), value(i, 100));
    }
    expect_written(*store.engine, changes);
    EXPECT_TRUE(store.engine->compact().ok());
  }
  /// No compression makes these smaller, so a flipped byte hits few rows.
  static std::string value(unsigned number, std::size_t bytes) {
    std::mt19937 random(number);
    std::string text(bytes, '\0');
    for (char& byte : text) byte = static_cast<char>(random());
    return text;
  }

  fs::path db(const std::string& name = "") const { return fs::path(parts.directory) / "db" / name; }
  std::vector<fs::path> files(const fs::path& directory, const std::string& ending) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory)) {
      if (entry.path().string().ends_with(ending) && fs::file_size(entry) != 0) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<fs::path> set_aside() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(parts.directory)) {
      if (entry.path().filename().string().starts_with("damaged-")) found.push_back(entry.path());
    }
    return found;
  }
  static std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void flip(const fs::path& file, std::size_t at) {
    std::string bytes = content(file);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    std::ofstream(file, std::ios::binary) << bytes;
  }
  /// Where the row's key stands in a file.
  static std::size_t find_row(const fs::path& file, unsigned number) { return content(file).find(numbered(number)); }

  TempDir dir;
  OpenParts parts{dir.path() + "/store"};
  Rows all;
};

TEST_F(Damage, InTheMidstOfTheLogIsNoticed) {
  fill(100);
  const fs::path log = files(db(), ".log").at(0);
  const std::string before = content(log);
  flip(log, find_row(log, 50));
  const Opened store = opened(parts);
  ASSERT_EQ(store.warnings.size(), 1U);
  EXPECT_THAT(store.warnings[0], HasSubstr("the log " + log.filename().string() + " is damaged at offset "));
  EXPECT_THAT(store.warnings[0], HasSubstr("the last 50 changes"));
  ASSERT_EQ(set_aside().size(), 1U);
  EXPECT_THAT(store.warnings[0], HasSubstr(set_aside()[0].filename().string()));
  EXPECT_EQ(content(set_aside()[0] / log.filename()).size(), before.size());
  EXPECT_EQ(rows_of(*store.engine), Rows(all.begin(), all.begin() + 50));
}

TEST_F(Damage, ToALengthInTheLogIsNoticed) {
  fill(100);
  const fs::path log = files(db(), ".log").at(0);
  // The header of a record: checksum (4), length (2), type (1); behind it 12 of the batch, the put, the key's length.
  flip(log, find_row(log, 50) - 14 - 3);
  const Opened store = opened(parts);
  ASSERT_EQ(store.warnings.size(), 1U);
  EXPECT_EQ(rows_of(*store.engine), Rows(all.begin(), all.begin() + 50));
}

TEST_F(Damage, ToARecordOverSeveralBlocksOfTheLogIsNoticed) {
  fill(10, 100'000);
  const fs::path log = files(db(), ".log").at(0);
  flip(log, find_row(log, 5) + 50'000);
  const Opened store = opened(parts);
  ASSERT_EQ(store.warnings.size(), 1U);
  EXPECT_THAT(store.warnings[0], HasSubstr("the last 5 changes"));
  EXPECT_EQ(rows_of(*store.engine), Rows(all.begin(), all.begin() + 5));
}

TEST_F(Damage, IsNotWhatAPowerCutLeavesAtTheEndOfTheLog) {
  fill(10, 100'000);
  const fs::path log = files(db(), ".log").at(0);
  const std::string bytes = content(log);
  // Cut off anywhere in the last record, or with its beginning missing and its end on the disk already.
  for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, std::size_t{40'000}, std::size_t{99'990}}) {
    TempDir other;
    fs::copy(parts.directory, other.path() + "/store", fs::copy_options::recursive);
    const OpenParts there{other.path() + "/store"};
    fs::resize_file(there.directory + "/db/" + log.filename().string(), bytes.size() - cut);
    const Opened store = opened(there);
    EXPECT_THAT(store.warnings, IsEmpty());
    EXPECT_EQ(rows_of(*store.engine), Rows(all.begin(), all.begin() + 9));
  }
  flip(log, find_row(log, 9));
  const Opened store = opened(parts);
  EXPECT_THAT(store.warnings, IsEmpty());
  EXPECT_EQ(rows_of(*store.engine), Rows(all.begin(), all.begin() + 9));
  EXPECT_THAT(set_aside(), IsEmpty());
}

TEST_F(Damage, ToALogThatIsInTheTablesAlreadyDoesNotMatter) {
  fill(100);
  const fs::path log = files(db(), ".log").at(0);
  fs::copy_file(log, dir.path() + "/log");
  EXPECT_TRUE(opened(parts).engine->compact().ok());
  fs::rename(dir.path() + "/log", log);
  flip(log, find_row(log, 50));
  const Opened store = opened(parts);
  EXPECT_THAT(store.warnings, IsEmpty());
  EXPECT_THAT(set_aside(), IsEmpty());
  EXPECT_EQ(rows_of(*store.engine), all);
}

TEST_F(Damage, ToATableIsFoundByReadingAndMendedAtTheNextStart) {
  fill_tables(50'000);
  const fs::path table = files(db(), ".sst").at(0);
  flip(table, fs::file_size(table) / 3);
  flip(table, fs::file_size(table) / 2);
  {
    const Opened store = opened(parts);
    const auto scanned = store.engine->scan("", "", [](auto, auto) { return true; });
    ASSERT_FALSE(scanned);
    EXPECT_EQ(scanned.error().kind, EngineError::Kind::damaged);
    EXPECT_THAT(scanned.error().text, HasSubstr("started again"));
  }
  const Opened store = opened(parts);
  ASSERT_EQ(store.warnings.size(), 2U);
  EXPECT_THAT(store.warnings[0], HasSubstr("the table " + table.filename().string() + " is damaged"));
  EXPECT_THAT(store.warnings[1], HasSubstr("2 places"));
  ASSERT_EQ(set_aside().size(), 1U);
  EXPECT_TRUE(fs::exists(set_aside()[0] / "db" / table.filename()));
  const Rows rows = rows_of(*store.engine);
  EXPECT_TRUE(std::includes(all.begin(), all.end(), rows.begin(), rows.end())) << "nothing but what was written";
  EXPECT_GT(rows.size(), all.size() - 200) << "a block holds 80 rows";
  EXPECT_LT(rows.size(), all.size());
  expect_written(*store.engine, put("later", "x"));
}

TEST_F(Damage, ToATableIsFoundWhenAnOperatorAsks) {
  fill_tables(1'000);
  std::ofstream(parts.directory + "/check-needed");
  EXPECT_THAT(opened(parts).warnings, IsEmpty());
  EXPECT_FALSE(fs::exists(parts.directory + "/check-needed"));
  const fs::path table = files(db(), ".sst").at(0);
  flip(table, 20);  // the first block
  std::ofstream(parts.directory + "/check-needed");
  const Opened store = opened(parts);
  EXPECT_EQ(store.warnings.size(), 2U);
  const Rows rows = rows_of(*store.engine);
  EXPECT_GT(rows.size(), 900U);
  EXPECT_EQ(rows, Rows(all.end() - static_cast<std::ptrdiff_t>(rows.size()), all.end()));
}

TEST_F(Damage, ThatCutsATableOffLeavesTheOthers) {
  fill_tables(100);
  {
    const Opened store = opened(parts);  // a second table, of another range
    expect_written(*store.engine, put("other", "x"));
  }
  const fs::path table = files(db(), ".sst").at(0);
  fs::resize_file(table, fs::file_size(table) / 2);
  const Opened store = opened(parts);
  ASSERT_EQ(store.warnings.size(), 2U);
  EXPECT_THAT(store.warnings[0], HasSubstr("rebuilt from its files"));
  EXPECT_THAT(store.warnings[1], HasSubstr(table.filename().string()));
  EXPECT_TRUE(fs::exists(set_aside().at(0) / "db" / table.filename()));
  EXPECT_EQ(rows_of(*store.engine), (Rows{{"other", "x"}}));
}

TEST_F(Damage, ToTheListOfTablesLosesNothing) {
  fill_tables(1'000);
  for (const auto& entry : fs::directory_iterator(db())) {
    if (entry.path().filename().string().starts_with("MANIFEST-")) flip(entry.path(), fs::file_size(entry) / 2);
  }
  const Opened store = opened(parts);
  ASSERT_EQ(store.warnings.size(), 1U);
  EXPECT_EQ(rows_of(*store.engine), all);
}

TEST_F(Damage, ThatTookTheFileCurrentLosesNothing) {
  fill_tables(1'000);
  expect_written(*opened(parts).engine, put("later", "x"));
  all.emplace_back("later", "x");
  fs::remove(db("CURRENT"));
  {
    const Opened store = opened(parts);
    ASSERT_EQ(store.warnings.size(), 1U);
    EXPECT_THAT(store.warnings[0], HasSubstr("CURRENT is missing"));
    EXPECT_EQ(rows_of(*store.engine), all);
  }
  const Opened store = opened(parts);
  EXPECT_THAT(store.warnings, IsEmpty());
  EXPECT_EQ(rows_of(*store.engine), all);
}

TEST_F(Damage, ThatWasBeingMendedWhenTheProcessEndedIsMended) {
  fill(10);
  fs::rename(parts.directory + "/db", parts.directory + "/db-rebuilt");  // complete, and nothing in its place
  EXPECT_EQ(rows_of(*opened(parts).engine), all);
  fs::create_directory(parts.directory + "/db-rebuilt");  // begun only
  EXPECT_EQ(rows_of(*opened(parts).engine), all);
  EXPECT_FALSE(fs::exists(parts.directory + "/db-rebuilt"));
}

TEST_F(Damage, IsToldToAReaderAndLeftAlone) {
  fill_tables(1'000);
  const fs::path table = files(db(), ".sst").at(0);
  flip(table, fs::file_size(table) / 2);
  parts.read_only = true;
  const Opened store = opened(parts);
  const auto scanned = store.engine->scan("", "", [](auto, auto) { return true; });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().kind, EngineError::Kind::damaged);
  EXPECT_FALSE(fs::exists(parts.directory + "/check-needed"));
}

}  // namespace
}  // namespace tombo::store
