#include "store/open.hpp"

#include "unit_store/arrange.hpp"
#include "unit_store/temp_dir.hpp"

#include <atomic>
#include <thread>

namespace tombo::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

/// What every engine promises.
class EngineContract : public ::testing::TestWithParam<const char*> {
 protected:
  EngineContract() {
    if (std::string_view(GetParam()) == "memory") {
      engine = make_memory_engine();
    } else {
      engine = opened({dir.path() + "/store"}).engine;
    }
  }
  TempDir dir;
  std::unique_ptr<Engine> engine;
};
INSTANTIATE_TEST_SUITE_P(Of, EngineContract, ::testing::Values("memory", "rocks"),
                         [](const auto& engine) { return std::string(engine.param); });

TEST_P(EngineContract, GivesBackWhatWasPut) {
  expect_written(*engine, put("a", "1"));
  expect_written(*engine, put("b", ""), false);
  std::string value = "old";
  EXPECT_TRUE(engine->get("a", value).value());
  EXPECT_EQ(value, "1");
  EXPECT_TRUE(engine->get("b", value).value());
  EXPECT_EQ(value, "");
  EXPECT_FALSE(engine->get("c", value).value());
}

TEST_P(EngineContract, AppliesChangesInTheirOrder) {
  Changes changes;
  changes.put("a", "1");
  changes.put("a", "2");
  changes.put("b", "1");
  changes.erase("b");
  changes.erase("c");
  changes.put("c", "1");
  changes.put("q1", "1");
  changes.erase_range("q", "r");
  changes.put("q2", "2");
  expect_written(*engine, changes);
  EXPECT_THAT(rows_of(*engine), ElementsAre(Pair("a", "2"), Pair("c", "1"), Pair("q2", "2")));
}

TEST_P(EngineContract, ErasesARangeWithoutItsEnd) {
  for (const char* key : {"a", "b", "b1", "c", "d"}) expect_written(*engine, put(key, "1"));
  Changes changes;
  changes.erase_range("b", "c");
  changes.erase_range("d", "a");  // ends before it begins: nothing
  changes.erase_range("a", "a");
  changes.erase_range("d", "");
  expect_written(*engine, changes);
  EXPECT_THAT(rows_of(*engine), ElementsAre(Pair("a", "1"), Pair("c", "1"), Pair("d", "1")));
}

TEST_P(EngineContract, KeepsKeysAndValuesOfAnyBytes) {
  const std::string zero("\0\0", 2), high("\xFF\xFF", 2), value("\0\n\xFF", 3);
  Changes changes;
  changes.put(high, value);
  changes.put(zero, value);
  expect_written(*engine, changes);
  EXPECT_THAT(rows_of(*engine), ElementsAre(Pair(zero, value), Pair(high, value)));
}

TEST_P(EngineContract, ScansWithinBoundsAndStopsWhenTold) {
  for (unsigned i = 0; i < 10; ++i) expect_written(*engine, put(numbered(i), "x"), false);
  EXPECT_EQ(rows_of(*engine).size(), 10U);
  const Rows some = rows_of(*engine, numbered(3), numbered(6));
  ASSERT_EQ(some.size(), 3U);
  EXPECT_EQ(some.front().first, numbered(3));
  EXPECT_EQ(some.back().first, numbered(5));
  EXPECT_THAT(rows_of(*engine, numbered(6), numbered(3)), IsEmpty());
  EXPECT_THAT(rows_of(*engine, "1"), IsEmpty());
  int visits = 0;
  EXPECT_TRUE(engine->scan("", "", [&](auto, auto) { return ++visits < 4; }).ok());
  EXPECT_EQ(visits, 4);
}

TEST_P(EngineContract, LetsAVisitorReadAndWrite) {
  for (unsigned i = 0; i < 3; ++i) expect_written(*engine, put(numbered(i), "x"));
  int visits = 0;
  EXPECT_TRUE(engine->scan("", "", [&](std::string_view key, auto) {
    std::string value;
    EXPECT_TRUE(engine->get(key, value).value());
    expect_written(*engine, put("9" + std::string(key), "new"));
    ++visits;
    return true;
  }).ok());
  EXPECT_EQ(visits, 3) << "a scan sees one moment";
  EXPECT_EQ(rows_of(*engine).size(), 6U);
}

TEST_P(EngineContract, ShowsOneMomentToAScanWhileItIsWritten) {
  // Each write puts the same value under every key: a scan that sees two values saw two moments.
  constexpr unsigned kKeys = 50, kWrites = 400;
  std::atomic<bool> done{false};
  std::atomic<int> scans{0};
  const auto write = [&](unsigned round) {
    Changes changes;
    for (unsigned key = 0; key < kKeys; ++key) changes.put(numbered(key), std::to_string(round));
    expect_written(*engine, changes, false);
  };
  write(0);
  std::thread reader([&] {
    while (!done) {
      const Rows rows = rows_of(*engine);
      EXPECT_EQ(rows.size(), kKeys);
      for (const auto& row : rows) EXPECT_EQ(row.second, rows.front().second);
      ++scans;
    }
  });
  for (unsigned round = 1; round <= kWrites || scans < 3; ++round) write(round);
  done = true;
  reader.join();
}

TEST_P(EngineContract, HasNothingToRecoverFromWithoutAnError) {
  EXPECT_TRUE(engine->recover().ok());
  expect_written(*engine, put("a", "1"));
  EXPECT_TRUE(engine->compact().ok());
  EXPECT_GT(engine->figures().bytes_written, 0U);
  EXPECT_EQ(rows_of(*engine).size(), 1U);
}

TEST(RocksStore, IsThereAfterReopening) {
  const TempDir dir;
  const OpenParts parts{dir.path() + "/new/store"};
  for (unsigned round = 0; round < 3; ++round) {
    const Opened store = opened(parts);
    EXPECT_THAT(store.warnings, IsEmpty());
    EXPECT_EQ(rows_of(*store.engine).size(), round);
    expect_written(*store.engine, put(numbered(round), "x"), round != 1);
    EXPECT_GT(store.engine->figures().bytes_on_disk, 0U);
  }
}

TEST(RocksStore, ServesWithTheProfileOfAServer) {
  const TempDir dir;
  const Opened store = opened({dir.path(), Profile::server});
  expect_written(*store.engine, put("a", "1"));
  EXPECT_EQ(rows_of(*store.engine).size(), 1U);
}

TEST(RocksStore, LeavesNoLogsOfItsOwnBehind) {
  const TempDir dir;
  for (int round = 0; round < 5; ++round) expect_written(*opened({dir.path()}).engine, put("a", "1"));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path() + "/db")) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("LOG"));
    ++files;
  }
  EXPECT_LT(files, 15U);
}

TEST(RocksStore, IsRefusedToASecondOpener) {
  const TempDir dir;
  const Opened first = opened({dir.path()});
  const auto second = open_engine({dir.path()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, EngineError::Kind::refused);
  EXPECT_THAT(second.error().text, ::testing::HasSubstr("in use by another process"));
  EXPECT_THAT(second.error().text, ::testing::Not(::testing::HasSubstr(dir.path())));
  expect_written(*first.engine, put("a", "1"));
}

TEST(RocksStore, MakesACopyThatIsAStore) {
  const TempDir dir;
  const Opened store = opened({dir.path() + "/store"});
  for (unsigned i = 0; i < 100; ++i) expect_written(*store.engine, put(numbered(i), "x"), false);
  const std::string copy = dir.path() + "/copy";
  const auto made = store.engine->checkpoint(copy);
  ASSERT_TRUE(made) << made.error().text;
  const Rows before = rows_of(*store.engine);
  expect_written(*store.engine, put("later", "x"));
  EXPECT_EQ(rows_of(*opened({copy}).engine), before);
  const auto again = store.engine->checkpoint(copy);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, EngineError::Kind::refused);
}

TEST(RocksStore, CanBeReadWhileItIsOpenElsewhere) {
  const TempDir dir;
  const Opened store = opened({dir.path()});
  expect_written(*store.engine, put("a", "1"));
  const Opened reader = opened({dir.path(), Profile::gateway, true});
  expect_written(*store.engine, put("b", "1"));
  EXPECT_TRUE(store.engine->compact().ok());
  EXPECT_THAT(rows_of(*reader.engine), ElementsAre(Pair("a", "1")));
  for (const auto& answer : {reader.engine->write(put("c", "1"), true), reader.engine->recover(), reader.engine->compact(),
                             reader.engine->checkpoint(dir.path() + "/copy")}) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, EngineError::Kind::refused);
  }
}

TEST(RocksStore, ThatIsNotThereIsNotMadeByReading) {
  const TempDir dir;
  const auto reader = open_engine({dir.path() + "/none", Profile::gateway, true});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().kind, EngineError::Kind::refused);
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/none"));
}

TEST(RocksStore, NeedsADirectoryThatCanBeMade) {
  const auto store = open_engine({"/proc/none/store"});
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, ::testing::HasSubstr("cannot be made"));
}

}  // namespace
}  // namespace tombo::store
