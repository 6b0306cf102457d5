#include "app/privileges.hpp"
#include "unit_app/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

namespace tombo::app {

namespace {
struct PrivilegesOfRoot : testing::Test {
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root has something to give";
    ASSERT_TRUE(privileges.resolve("nobody"));
  }
  static uid_t owner(const std::string& path) {
    struct stat found{};
    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_uid;
  }

  Privileges privileges;
  TempDir directory;
};
}  // namespace

TEST_F(PrivilegesOfRoot, GivesTheDirectoryThatItMakes) {
  ASSERT_TRUE(privileges.give(directory.file("store")));
  EXPECT_NE(owner(directory.file("store")), 0u);
}

// Who was broken into may have put a link where his directory was.
TEST_F(PrivilegesOfRoot, GivesNothingAwayThroughALink) {
  std::filesystem::create_directory(directory.file("etc"));
  std::filesystem::create_directory_symlink(directory.file("etc"), directory.file("store"));
  const auto given = privileges.give(directory.file("store"));
  ASSERT_FALSE(given);
  EXPECT_NE(given.error().find(directory.file("store")), std::string::npos) << given.error();
  EXPECT_EQ(owner(directory.file("etc")), 0u);
}

TEST_F(PrivilegesOfRoot, GivesAFileThatItHasMade) {
  std::ofstream(directory.file("log")) << "x";
  ASSERT_TRUE(privileges.give_file(directory.file("log")));
  EXPECT_NE(owner(directory.file("log")), 0u);
}

// Whoever owns the log's directory could have put other names of root's files there.
TEST_F(PrivilegesOfRoot, GivesNoFileThatHasAnotherNameOrIsALink) {
  std::ofstream(directory.file("shadow")) << "x";
  std::filesystem::create_hard_link(directory.file("shadow"), directory.file("log"));
  EXPECT_FALSE(privileges.give_file(directory.file("log")));
  std::filesystem::create_symlink(directory.file("shadow"), directory.file("link"));
  EXPECT_FALSE(privileges.give_file(directory.file("link")));
  EXPECT_EQ(owner(directory.file("shadow")), 0u);
}

TEST(Privileges, TakeNobodyForAUserThatThereIsNotOnlyWhereThatIsWanted) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root becomes somebody else";
  Privileges strict;
  EXPECT_FALSE(strict.resolve("no-such-user-here"));
  Privileges lenient;
  ASSERT_TRUE(lenient.resolve("no-such-user-here", true));
  EXPECT_NE(lenient.note().find("nobody"), std::string::npos) << lenient.note();
}

}  // namespace tombo::app
