#include "app/privileges.hpp"
#include "unit_app/temp_dir.hpp"

#include <gtest/gtest.h>

#include <filesystem>

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

}  // namespace tombo::app
