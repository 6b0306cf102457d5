#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tombo::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string told(std::string_view text) {
  std::string all;
  for (const Problem& problem : load_toml(text, "t.toml").problems) all += to_text(problem) + "\n";
  return all;
}

TEST(CheckMountPoint, IsTheBeginningOfATopic) {
  EXPECT_THAT(told("[[listener]]\nmount_point = \"a/+/\""), HasSubstr("t.toml:2:1: error: 'mount_point' in [[listener]] is \"a/+/\""));
  EXPECT_THAT(told("[[listener]]\nmount_point = \"#\""), HasSubstr("error: 'mount_point'"));
  EXPECT_THAT(told("[[listener]]\nmount_point = \"$share/g/\""), HasSubstr("error: 'mount_point'"));
  EXPECT_THAT(told("[[listener]]\nmount_point = \"a\\u0001/\""), HasSubstr("error: 'mount_point'"));
  EXPECT_THAT(told("[[listener]]\nmount_point = \"a/\""), Not(HasSubstr("mount_point")));
}

TEST(CheckMountPoint, WarnsWhereItsLastLevelGrowsTogetherWithTheTopic) {
  EXPECT_THAT(told("[[listener]]\nmount_point = \"a\""), HasSubstr("t.toml:2:1: warning: 'mount_point'"));
  EXPECT_THAT(told("[[listener]]\nmount_point = \"a\""), HasSubstr("did you mean \"a/\"?"));
}

TEST(CheckHttpDirectory, WantsHttp) {
  EXPECT_THAT(told("[[listener]]\nhttp_directory = \"/srv\""), HasSubstr("t.toml:2:1: error: 'http_directory' in [[listener]]"));
  EXPECT_THAT(told("[[listener]]\nhttp_directory = \"/srv\"\nprotocol = \"any\""), Not(HasSubstr("http_directory")));
}

TEST(CheckOwnUsers, AreAskedFor) {
  EXPECT_THAT(told("[[listener]]\npassword_file = \"f\"\nauthentication = [\"scram\"]\n[scram]\nfile = \"s\""),
              HasSubstr("t.toml:2:1: error: 'password_file' in [[listener]] is not asked: its backends are scram"));
  EXPECT_THAT(told("[[listener]]\npassword_file = \"f\""), Not(HasSubstr("error")));
  EXPECT_THAT(told("[[listener]]\npassword_file = \"f\""), Not(HasSubstr("nobody")));
}

TEST(CheckOwnUsers, NeedNoOthers) {
  EXPECT_THAT(told("[auth]\nbackends = [\"passwords\"]\n[[listener]]\npassword_file = \"f\""), Not(HasSubstr("error")));
  EXPECT_THAT(told("[[listener]]\npassword_file = \"f\"\nauthentication = [\"passwords\"]"), Not(HasSubstr("error")));
  EXPECT_THAT(told("[auth]\nbackends = [\"passwords\"]\n[[listener]]\npassword_file = \"f\"\n[[listener]]\nport = 1884"),
              HasSubstr("there is no 'file' in [passwords]"));
}

}  // namespace
}  // namespace tombo::config
