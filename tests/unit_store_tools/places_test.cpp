#include "tomboctl/store/places.hpp"

#include "store/backup.hpp"
#include "tomboctl/store/import_file.hpp"
#include "unit_store/temp_dir.hpp"
#include "unit_store_tools/arrange.hpp"
#include "unit_store_tools/exported.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

// On disk, with the engine that the broker uses.

namespace tombo::tomboctl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
  return names;
}

class Places : public ::testing::Test {
 protected:
  std::string at(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string write_file(const std::string& name, const std::string& text) {
    std::ofstream(at(name), std::ios::binary) << text;
    return at(name);
  }
  /// A store with two sessions; its export.
  std::string make(const std::string& name) {
    Shelf shelf;
    shelf.fill();
    const std::string text = exported(shelf.engine());
    const auto done = import_file({at(name), write_file("made.jsonl", text)});
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().text);
    return text;
  }
  std::string text_of(const std::string& name) {
    const auto opened = open_to_read(at(name));
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().text);
    return opened.ok() ? exported(*opened->engine) : "";
  }

  store::TempDir folder_;
};

TEST_F(Places, AnImportMakesAStore) {
  const std::string text = make("store");
  EXPECT_EQ(text_of("store"), text);
  EXPECT_THAT(names_in(at("store")), ::testing::ElementsAre("db"));
  EXPECT_EQ(fs::status(at("store")).permissions(), fs::perms::owner_all);
}

TEST_F(Places, AFileThatIsWrongLeavesNothing) {
  Shelf shelf;
  shelf.fill();
  const std::string text = exported(shelf.engine());
  const auto cut = import_file({at("store"), write_file("cut.jsonl", text.substr(0, text.size() / 2))});
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().exit_code, kExitRefused);
  EXPECT_THAT(cut.error().text, HasSubstr("nothing was written"));
  EXPECT_FALSE(fs::exists(at("store")));
  EXPECT_THAT(import_file({at("store"), write_file("other", "MThd")}).error().text, HasSubstr("neither"));
  EXPECT_THAT(import_file({at("store"), write_file("empty", "")}).error().text, HasSubstr("neither"));
  EXPECT_THAT(import_file({at("store"), at("none")}).error().text, HasSubstr("No such file"));
  EXPECT_THAT(import_file({at("store"), folder_.path()}).error().text, HasSubstr("no plain file"));
  EXPECT_THAT(import_file({at("store"), write_file("whole.jsonl", text), StoreWish::Form::mosquitto}).error().text, HasSubstr("offset 0"));
  EXPECT_FALSE(fs::exists(at("store")));
}

TEST_F(Places, AStoreThatHoldsSomethingIsOnlyAddedToOnDemand) {
  const std::string text = make("store");
  const std::string other = write_file("other.jsonl", R"({"kind":"tombo-store","version":1})" "\n"
                                                      R"({"kind":"session","session":1,"client_id":"three"})" "\n"
                                                      R"({"kind":"end","lines":3})" "\n");
  EXPECT_THAT(import_file({at("store"), other}).error().text, HasSubstr("--merge"));
  EXPECT_EQ(text_of("store"), text);
  const auto merged = import_file({at("store"), other, StoreWish::Form::any, true});
  ASSERT_TRUE(merged.ok()) << merged.error().text;
  EXPECT_EQ(merged->rows.sessions, 1u);
  EXPECT_THAT(merged->notes, IsEmpty());
  const auto again = import_file({at("store"), at("made.jsonl"), StoreWish::Form::tombo, true});
  ASSERT_TRUE(again.ok()) << again.error().text;
  EXPECT_THAT(again->notes, ::testing::ElementsAre("left out: 2 sessions that the store has already",
                                                   "left out: 1 retained messages that the store has already"));
}

TEST_F(Places, AStoreInUseIsReadButNotWritten) {
  const std::string text = make("store");
  const auto broker = open_to_write(at("store"));
  ASSERT_TRUE(broker.ok());
  EXPECT_EQ(text_of("store"), text);
  const auto second = open_to_write(at("store"));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().text, HasSubstr("in use"));
  EXPECT_THAT(import_file({at("store"), at("made.jsonl"), StoreWish::Form::any, true}).error().text, HasSubstr("in use"));
}

TEST_F(Places, WhatIsNoStoreIsSaidToBeNone) {
  EXPECT_THAT(open_to_read(at("none")).error().text, HasSubstr("no store in"));
  EXPECT_THAT(open_to_write(folder_.path()).error().text, HasSubstr("no store in"));
  EXPECT_FALSE(fs::exists(at("none")));
}

TEST_F(Places, ABackupIsAStoreAndIsRestored) {
  const std::string text = make("store");
  {
    const auto opened = open_to_write(at("store"));
    ASSERT_TRUE(opened.ok());
    ASSERT_TRUE(store::make_backup(*opened->engine, at("backups/monday")).ok());
    const auto twice = store::make_backup(*opened->engine, at("backups/monday"));
    ASSERT_FALSE(twice.ok());
    EXPECT_THAT(twice.error().text, HasSubstr("is not empty"));
  }
  EXPECT_EQ(text_of("backups/monday"), text);
  const auto onto = copy_store(at("backups/monday"), at("store"));
  ASSERT_FALSE(onto.ok());
  EXPECT_THAT(onto.error().text, HasSubstr("is not empty: move the store"));
  EXPECT_THAT(copy_store(at("backups/monday"), folder_.path()).error().text, HasSubstr("is not empty"));
  fs::remove_all(at("store"));
  const auto done = copy_store(at("backups/monday"), at("store"));
  ASSERT_TRUE(done.ok()) << done.error().text;
  EXPECT_EQ(text_of("store"), text);
  // Writing to it changes nothing in the backup.
  ASSERT_TRUE(import_file({at("store"), at("made.jsonl"), StoreWish::Form::any, true}).ok());
  EXPECT_EQ(text_of("backups/monday"), text);
}

}  // namespace
}  // namespace tombo::tomboctl
