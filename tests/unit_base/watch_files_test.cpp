#include "base/watch_files.hpp"

#include <gtest/gtest.h>

#include <poll.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace tombo {
namespace {

namespace fs = std::filesystem;

class WatchFilesTest : public ::testing::Test {
 protected:
  WatchFilesTest() {
    std::string name = "/tmp/tombo_watch_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    home = name;
  }
  ~WatchFilesTest() override { fs::remove_all(home); }

  void write(const fs::path& name, std::string_view text) const { std::ofstream(home / name) << text; }
  void watch(const std::vector<std::string>& names) {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back((home / name).string());
    EXPECT_TRUE(files.watch(paths));
  }
  /// How often a change is told until nothing has come for a while.
  int changes() {
    int told = 0;
    pollfd waiting = {files.descriptor(), POLLIN, 0};
    while (::poll(&waiting, 1, 150) > 0) told += files.take() ? 1 : 0;
    return told;
  }

  fs::path home;
  WatchFiles files{std::chrono::milliseconds(40)};
};

TEST_F(WatchFilesTest, TellsThatAFileWasWritten) {
  write("a", "1");
  watch({"a"});
  EXPECT_EQ(changes(), 0);
  write("a", "22");
  EXPECT_EQ(changes(), 1);
  EXPECT_EQ(changes(), 0);
}

TEST_F(WatchFilesTest, TellsThatAFileWasReplaced) {
  write("a", "1");
  watch({"a"});
  write("a.new", "1");
  fs::rename(home / "a.new", home / "a");
  EXPECT_EQ(changes(), 1);
}

TEST_F(WatchFilesTest, TellsThatAFileCameAndWent) {
  watch({"a"});
  write("a", "1");
  EXPECT_EQ(changes(), 1);
  fs::remove(home / "a");
  EXPECT_EQ(changes(), 1);
}

TEST_F(WatchFilesTest, DoesNotMindItsNeighbours) {
  write("a", "1");
  watch({"a"});
  write("b", "1");
  EXPECT_EQ(changes(), 0);
}

TEST_F(WatchFilesTest, TakesSeveralChangesAsOne) {
  write("a", "1");
  write("b", "1");
  watch({"a", "b"});
  for (int i = 0; i < 20; ++i) {
    write("a", std::string(static_cast<std::size_t>(i) + 2, 'x'));
    write("b", std::string(static_cast<std::size_t>(i) + 2, 'x'));
  }
  EXPECT_EQ(changes(), 1);
}

TEST_F(WatchFilesTest, LooksIntoDirectories) {
  fs::create_directory(home / "crls");
  write("crls/one", "1");
  watch({"crls"});
  write("crls/one", "22");
  EXPECT_EQ(changes(), 1);
  write("crls/two", "1");
  EXPECT_EQ(changes(), 1);
  fs::remove(home / "crls/two");
  EXPECT_EQ(changes(), 1);
}

TEST_F(WatchFilesTest, FollowsLinksAsCertbotAndKubernetesLayThem) {
  fs::create_directory(home / "v1");
  fs::create_directory(home / "v2");
  write("v1/cert", "1");
  write("v2/cert", "1");
  fs::create_directory_symlink("v1", home / "data");
  fs::create_symlink("data/cert", home / "cert");
  watch({"cert"});
  fs::create_directory_symlink("v2", home / "data.new");
  fs::rename(home / "data.new", home / "data");
  EXPECT_EQ(changes(), 1);
  write("v2/cert", "22");  // which was not on the way before
  EXPECT_EQ(changes(), 1);
  fs::create_symlink("cert", home / "cert.loop");
  watch({"cert.loop"});
  fs::remove(home / "cert");
  fs::create_symlink("cert.loop", home / "cert");  // a ring
  EXPECT_EQ(changes(), 1);
}

TEST_F(WatchFilesTest, WaitsForADirectoryThatIsNotThere) {
  watch({"later/a"});
  fs::create_directory(home / "later");
  changes();
  write("later/a", "1");
  EXPECT_EQ(changes(), 1);
}

TEST_F(WatchFilesTest, ForgetsWhatIsWatchedNoLonger) {
  write("a", "1");
  write("b", "1");
  watch({"a"});
  watch({"b"});
  write("a", "22");
  EXPECT_EQ(changes(), 0);
  write("b", "22");
  EXPECT_EQ(changes(), 1);
}

}  // namespace
}  // namespace tombo
