#include "unit_acl/arrange.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

namespace tombo::test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

auth::Grant grant(std::string filter, bool publish, bool subscribe, bool allow = true) {
  return {std::move(filter), publish, subscribe, allow};
}

TEST(Policy, WithoutFilesEverythingIsOpenButTheBrokersTopics) {
  const auto policy = *Policy::load({});
  EXPECT_FALSE(policy->restricts());
  EXPECT_FALSE(policy->restricts_receiving());
  const Asker asker("");
  EXPECT_TRUE(asker.publishes(policy, "x"));
  EXPECT_TRUE(asker.subscribes(policy, "#"));
  EXPECT_TRUE(asker.subscribes(policy, "$SYS/#"));
  EXPECT_TRUE(asker.publishes(policy, "$SYSTEM/x"));
  for (const char* topic : {"$SYS", "$SYS/x", "$CONTROL", "$CONTROL/dynamic-security/v1"})
    EXPECT_FALSE(asker.publishes(policy, topic)) << topic;
}

// What one member of a shared subscription is refused, nobody gets.
TEST(Policy, ASharedSubscriptionMustBeAllowedAltogether) {
  const auto policy = policy_of("user dev1\ntopic read dev/1/#\ntopic deny dev/1/secret\n");
  auth::Principal who;
  who.user_name = "dev1";
  who.backend = "passwords";
  const auto principal = std::make_shared<const auth::Principal>(who);
  const auto decision = [&](std::string_view filter, bool shared) {
    return policy->judge({auth::Action::subscribe, "c1", principal, 0, filter, mqtt::Qos::at_most_once, false, shared}).decision;
  };
  EXPECT_EQ(decision("#", false), auth::Decision::allow) << "each delivery is judged";
  EXPECT_EQ(decision("#", true), auth::Decision::deny);
  EXPECT_EQ(decision("dev/1/#", true), auth::Decision::deny) << "a part of it is denied";
  EXPECT_EQ(decision("dev/1/a/#", true), auth::Decision::allow);
}

TEST(Grants, DecideInsteadOfTheFiles) {
  const auto policy = policy_of("topic readwrite #\n");
  Asker asker("alice");
  asker.who.has_grants = true;
  EXPECT_FALSE(asker.publishes(policy, "x"));
  asker.who.grants = {grant("a/#", true, false), grant("a/no/#", true, true, false), grant("u/%u/%c", true, true),
                      grant("r/#", false, true)};
  EXPECT_TRUE(asker.publishes(policy, "a/1"));
  EXPECT_FALSE(asker.publishes(policy, "a/no/1"));
  EXPECT_FALSE(asker.subscribes(policy, "a/1"));
  EXPECT_TRUE(asker.publishes(policy, "u/alice/c1"));
  EXPECT_FALSE(asker.publishes(policy, "u/%u/c1"));
  EXPECT_TRUE(asker.subscribes(policy, "r/+/x"));
  EXPECT_FALSE(asker.subscribes(policy, "#"));
  EXPECT_TRUE(asker.receives(policy, "r/1"));
  EXPECT_FALSE(asker.receives(policy, "x"));
  const auto none = *Policy::load({});
  EXPECT_FALSE(asker.publishes(none, "x")) << "they decide without files, too";
}

TEST(Grants, NeverOpenMoreThanTheySay) {
  const auto none = *Policy::load({});
  for (const char* name : {"+", "#", "a/b", "$SYS", "$CONTROL", "#/x"}) {
    Asker asker(name, name);
    asker.who.has_grants = true;
    asker.who.grants = {grant("%u/#", true, true), grant("x/%c/y", true, true), grant("bad/#/x", true, true),
                        grant("%u", true, true)};
    for (const char* topic : {"x/c1/y", "any", "$SYS/x", "$CONTROL/x", "bad/1/x"}) {
      EXPECT_FALSE(asker.publishes(none, topic)) << name << " " << topic;
      EXPECT_FALSE(asker.receives(none, topic)) << name << " " << topic;
    }
    for (const char* topic : {"#", "+/#", "$SYS/#", "x/+/y"}) EXPECT_FALSE(asker.subscribes(none, topic)) << name << " " << topic;
  }
}

TEST(Grants, BrokenDenialsDenyAll) {
  const auto none = *Policy::load({});
  Asker asker("alice", "a/b");
  asker.who.has_grants = true;
  asker.who.grants = {grant("#", true, true), grant("s/%c/#", true, true, false)};
  EXPECT_TRUE(asker.publishes(none, "x"));
  EXPECT_FALSE(asker.publishes(none, "s/other"));
  asker.who.grants.push_back(grant("no#filter", true, true, false));
  EXPECT_FALSE(asker.publishes(none, "x"));
  EXPECT_FALSE(asker.subscribes(none, "x"));
}

TEST(Policy, ExplainsWithTheTextOfTheRule) {
  const auto policy = policy_of("topic read a/#\n");
  const auto allowed = Asker("").explain(*policy, Action::receive, "a/1");
  EXPECT_EQ(allowed.text, "topic read a/#");
  EXPECT_EQ(allowed.why, "allowed by a rule");
  const auto denied = Asker("").explain(*policy, Action::publish, "a/1");
  EXPECT_EQ(denied.text, "");
  EXPECT_EQ(denied.why, "no rule allows it");
}

TEST(Policy, TellsTheRightsOfSomebody) {
  const auto policy = policy_of("user alice\ntopic read b\ntopic deny a\npattern write p/%c\npattern write p/%u/%c\n");
  std::vector<std::string> rights;
  for (const auto& right : policy->rights_of("c", Asker("alice").who)) {
    rights.push_back(std::string(right.publish ? "publish " : "read ") + (right.allow ? "" : "not ") + right.filter);
  }
  EXPECT_THAT(rights, ElementsAre("read not a", "read b", "publish not a", "publish p/alice/c", "publish p/c"));
}

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tombo-acl-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  static config::Acl options(std::string acl, std::string roles = {}) {
    config::Acl options;
    options.file = std::move(acl);
    options.roles_file = std::move(roles);
    return options;
  }
  std::string folder_;
};

TEST_F(Files, AreNamedInRules) {
  const std::string path = file("acl", "topic read a\n");
  const auto policy = Policy::load(options(path));
  ASSERT_TRUE(policy);
  EXPECT_EQ(Asker("").rule(*policy, Action::receive, "a"), path + ":1");
  EXPECT_THAT((*policy)->files(), ElementsAre(path));
}

TEST_F(Files, ThatCannotBeReadAreErrors) {
  for (const std::string& path : {folder_ + "/none", folder_, std::string("/dev/zero")}) {
    const auto policy = Policy::load(options(path));
    ASSERT_FALSE(policy) << path;
    EXPECT_THAT(all_of(policy.error()), HasSubstr(path + ": error: the file that acl.file names "));
  }
}

TEST_F(Files, TellTheProblemsOfAllAtOnce) {
  const auto policy = Policy::load(options(file("acl", "nonsense\n"), folder_ + "/none"));
  ASSERT_FALSE(policy);
  EXPECT_THAT(all_of(policy.error()), HasSubstr("acl:1:1: error: unknown directive"));
  EXPECT_THAT(all_of(policy.error()), HasSubstr("none: error: the file that acl.roles_file names cannot be opened"));
}

TEST_F(Files, AFileOfNoBytesDeniesEverything) {
  const auto policy = Policy::load(options(file("acl", "")));
  ASSERT_TRUE(policy);
  EXPECT_TRUE((*policy)->restricts());
  EXPECT_FALSE(Asker("").publishes(*policy, "x"));
}

}  // namespace
}  // namespace tombo::test
