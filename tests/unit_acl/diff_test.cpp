#include "auth/acl/policy_diff.hpp"
#include "unit_acl/arrange.hpp"

namespace tombo::test {
namespace {

using auth::acl::diff;
using auth::acl::DiffClient;

DiffClient client(std::string user, std::string id, std::vector<std::string> subscriptions) {
  return {std::move(id), std::make_shared<const auth::Principal>(Asker(std::move(user)).who), std::move(subscriptions)};
}

TEST(Diff, TellsWhoLosesAndGainsWhat) {
  const auto before = policy_of("user alice\ntopic read a/#\ntopic write w\nuser bob\ntopic read b\n");
  const auto after = policy_of("user alice\ntopic read c/#\ntopic write w\nuser bob\ntopic read b\n");
  const std::vector<DiffClient> clients{client("alice", "1", {"a/x", "$share/g/a/y", "c/z", "w"}), client("bob", "2", {"b"})};
  const auto found = diff(*before, *after, clients);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].client_id, "1");
  EXPECT_EQ(found[0].user_name, "alice");
  ASSERT_EQ(found[0].subscriptions.size(), 3u);
  EXPECT_EQ(found[0].subscriptions[0].filter, "a/x");
  EXPECT_FALSE(found[0].subscriptions[0].gained());
  EXPECT_EQ(*found[0].subscriptions[0].before.answer.rule, "acl.conf:2");
  EXPECT_EQ(found[0].subscriptions[1].filter, "$share/g/a/y");
  EXPECT_TRUE(found[0].subscriptions[2].gained());
  ASSERT_EQ(found[0].gone.size(), 1u);
  EXPECT_EQ(found[0].gone[0].filter, "a/#");
  ASSERT_EQ(found[0].fresh.size(), 1u);
  EXPECT_EQ(found[0].fresh[0].filter, "c/#");
}

TEST(Diff, SeesDenialsAndLimits) {
  const auto before = roles_of("[[role]]\nname='r'\nsubscribe=['a/#','b/#']\n[default]\nroles=['r']\n");
  const auto after =
      roles_of("[[role]]\nname='r'\nsubscribe=['a/#','b/#']\ndeny_subscribe=['a/x']\nqos_max=0\n[default]\nroles=['r']\n");
  const std::vector<DiffClient> clients{client("alice", "1", {"a/+", "b/y"})};
  const auto found = diff(*before, *after, clients);
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(found[0].subscriptions.size(), 2u);
  EXPECT_FALSE(found[0].subscriptions[0].gained());
  EXPECT_TRUE(found[0].subscriptions[1].gained()) << "still allowed, with a lower QoS";
  EXPECT_EQ(found[0].subscriptions[1].after.answer.qos_max, mqtt::Qos::at_most_once);
  EXPECT_EQ(found[0].gone.size(), 2u);
  ASSERT_EQ(found[0].fresh.size(), 3u);
  EXPECT_FALSE(found[0].fresh[0].allow);
}

TEST(Diff, IsSilentWhereOnlyPlacesChange) {
  const auto before = policy_of("topic read a\ntopic read b\n");
  const auto after = policy_of("# moved\ntopic read b\ntopic read a\n");
  const std::vector<DiffClient> clients{client("", "1", {"a", "b", "c"})};
  EXPECT_TRUE(diff(*before, *after, clients).empty());
}

}  // namespace
}  // namespace tombo::test
