#include "auth/user_lines.hpp"

#include <gtest/gtest.h>

namespace tombo::auth {
namespace {

constexpr std::string_view kFile = "# users\nalice:1\n\nbob:2\n";

TEST(UserLines, ReplacesAUserInHisPlace) { EXPECT_EQ(with_user(kFile, "alice", "3"), "# users\nalice:3\n\nbob:2\n"); }
TEST(UserLines, AddsANewUserAtTheEnd) { EXPECT_EQ(with_user(kFile, "ali", "3"), "# users\nalice:1\n\nbob:2\nali:3\n"); }
TEST(UserLines, MakesTheFirstLine) { EXPECT_EQ(with_user("", "alice", "3"), "alice:3\n"); }
TEST(UserLines, EndsALineThatHadNoEnd) { EXPECT_EQ(with_user("bob:2", "alice", "3"), "bob:2\nalice:3\n"); }
TEST(UserLines, RemovesAUser) {
  EXPECT_EQ(without_user(kFile, "bob"), "# users\nalice:1\n\n");
  EXPECT_EQ(without_user("bob:2", "bob"), "");
  EXPECT_EQ(without_user("  bob :2\nbob:3\nx:1", "bob"), "x:1");
}
TEST(UserLines, SaysWhenThereIsNoSuchUser) {
  EXPECT_EQ(without_user(kFile, "carol"), std::nullopt);
  EXPECT_EQ(without_user(kFile, "# users"), std::nullopt);
  EXPECT_EQ(without_user("#bob:2\n", "#bob"), std::nullopt) << "a comment is no user";
}

}  // namespace
}  // namespace tombo::auth
