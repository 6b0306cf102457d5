#include "unit_acl/arrange.hpp"

#include <gmock/gmock.h>

namespace tombo::test {

using ::testing::HasSubstr;
using ::testing::Not;

namespace {

constexpr const char* kFile = R"([[role]]
name = "sensor"
publish = ["tele/%c/#"]
subscribe = ["cmd/%c/#"]
retain = false
qos_max = 1

[[role]]
name = "operator"
publish = ["cmd/#"]
subscribe = [
  "tele/#",
  "$SYS/#",
]
deny_subscribe = ["tele/secret/#"]
deny_publish = ["cmd/danger"]

[[role]]
name = "certified"
publish = ["cert/dev-%{cn}/+"]
subscribe = ["mail/%{san}/#"]

[[role]]
name = "public"
subscribe = ["news/#"]
qos_max = 0

[[user]]
name = "alice"
roles = ["sensor"]
groups = ["ops"]

[[group]]
name = "ops"
roles = ["operator"]
users = ["carol"]

[default]
roles = ["public"]
authenticated = ["certified"]
)";

TEST(Roles, ComeFromUserGroupAndDefault) {
  const auto policy = roles_of(kFile);
  const Asker alice("alice"), carol("carol"), dave("dave"), anonymous("");
  EXPECT_TRUE(alice.publishes(policy, "tele/c1/temp"));
  EXPECT_FALSE(alice.publishes(policy, "tele/c2/temp"));
  EXPECT_TRUE(alice.publishes(policy, "cmd/go"));
  EXPECT_TRUE(carol.publishes(policy, "cmd/go"));
  EXPECT_FALSE(carol.publishes(policy, "tele/c1/temp"));
  EXPECT_FALSE(dave.publishes(policy, "cmd/go"));
  for (const Asker* asker : {&alice, &carol, &dave, &anonymous}) EXPECT_TRUE(asker->subscribes(policy, "news/+"));
  Asker of_directory("eve");
  of_directory.who.groups = {"unheard of", "ops"};
  EXPECT_TRUE(of_directory.publishes(policy, "cmd/go"));
  EXPECT_EQ(alice.rule(policy, Action::publish, "tele/c1/temp"), "roles.toml:3");
  EXPECT_EQ(alice.rule(policy, Action::subscribe, "tele/x"), "roles.toml:12");
  EXPECT_EQ(dave.rule(policy, Action::publish, "cmd/go"), "roles.toml: no rule");
}

TEST(Roles, AreNotGivenToANameThatNobodyVouchesFor) {
  const auto policy = roles_of(kFile);
  Asker impostor("alice");
  impostor.who.backend.clear();
  impostor.who.groups = {"ops"};
  EXPECT_FALSE(impostor.publishes(policy, "cmd/go"));
  EXPECT_TRUE(impostor.subscribes(policy, "news/today"));
}

TEST(Roles, ASubscriptionMustBeCoveredAndOverlapNoDenial) {
  const auto policy = roles_of(kFile);
  const Asker carol("carol");
  EXPECT_TRUE(carol.subscribes(policy, "tele/a/#"));
  EXPECT_TRUE(carol.subscribes(policy, "tele/a/+/b"));
  EXPECT_FALSE(carol.subscribes(policy, "tele/#"));  // holds tele/secret
  EXPECT_FALSE(carol.subscribes(policy, "tele/+/x"));
  EXPECT_FALSE(carol.subscribes(policy, "tele/secret"));
  EXPECT_FALSE(carol.subscribes(policy, "#"));
  EXPECT_FALSE(carol.subscribes(policy, "+/a"));
  EXPECT_TRUE(carol.subscribes(policy, "$SYS/#"));
  EXPECT_EQ(carol.rule(policy, Action::subscribe, "tele/#"), "roles.toml:15");
}

TEST(Roles, JudgeEachDelivery) {
  const auto policy = roles_of(kFile);
  const Asker carol("carol");
  EXPECT_TRUE(policy->restricts_receiving());
  EXPECT_TRUE(carol.receives(policy, "tele/a"));
  EXPECT_FALSE(carol.receives(policy, "tele/secret/a"));
  EXPECT_FALSE(carol.receives(policy, "other"));
}

TEST(Roles, LimitRetainAndQos) {
  const auto policy = roles_of(kFile);
  const Asker alice("alice"), carol("carol");
  EXPECT_EQ(alice.ask(policy, Action::publish, "tele/c1/t", 1).decision, Decision::allow);
  const auto high = alice.ask(policy, Action::publish, "tele/c1/t", 2);
  EXPECT_EQ(high.decision, Decision::deny);
  EXPECT_EQ(high.reason, mqtt::ReasonCode::qos_not_supported);
  EXPECT_EQ(*high.rule, "roles.toml:3");
  const auto retained = alice.ask(policy, Action::publish, "tele/c1/t", 0, true);
  EXPECT_EQ(retained.decision, Decision::deny);
  EXPECT_EQ(retained.reason, mqtt::ReasonCode::not_authorized);
  EXPECT_EQ(carol.ask(policy, Action::publish, "cmd/x", 2, true).decision, Decision::allow);
  EXPECT_EQ(alice.ask(policy, Action::subscribe, "cmd/c1/x", 2).qos_max, mqtt::Qos::at_least_once);
  EXPECT_EQ(alice.ask(policy, Action::subscribe, "news/x", 2).qos_max, mqtt::Qos::at_most_once);
  EXPECT_EQ(alice.ask(policy, Action::subscribe, "tele/x", 2).qos_max, mqtt::Qos::exactly_once);
}

TEST(Roles, FillTemplatesFromTheCertificate) {
  const auto policy = roles_of(kFile);
  Asker device("device");
  EXPECT_FALSE(device.publishes(policy, "cert/dev-/x"));
  device.who.attributes = {{"cn", "s7"}, {"san", "a.example"}, {"san", "b.example"}};
  EXPECT_TRUE(device.publishes(policy, "cert/dev-s7/x"));
  EXPECT_FALSE(device.publishes(policy, "cert/dev-s8/x"));
  EXPECT_TRUE(device.subscribes(policy, "mail/a.example/#"));
  EXPECT_TRUE(device.subscribes(policy, "mail/b.example/x"));
  EXPECT_FALSE(device.subscribes(policy, "mail/+/x"));
  for (const char* name : {"+", "#", "a/b", "+/x"}) {
    device.who.attributes = {{"cn", name}, {"san", name}};
    EXPECT_FALSE(device.publishes(policy, "cert/dev-s7/x")) << name;
    EXPECT_FALSE(device.subscribes(policy, "mail/a.example/#")) << name;
    EXPECT_FALSE(device.subscribes(policy, "mail/+/#")) << name;
  }
}

TEST(Roles, KnowAPercentSignThatIsNone) {
  const auto policy = roles_of("[[role]]\nname='r'\npublish=['100%%/x', '%%u']\n[default]\nroles=['r']\n");
  EXPECT_TRUE(Asker("").publishes(policy, "100%/x"));
  EXPECT_TRUE(Asker("alice").publishes(policy, "%u"));
  EXPECT_FALSE(Asker("alice").publishes(policy, "alice"));
}

TEST(Roles, TellEveryMistakeWithItsPlace) {
  const std::string all = problems_of({}, R"([[role]]
name = "a"
publsh = ["x"]
publish = ["x/#/y", "%x", "%u%c", "%{cn", 7]
qos_max = 3
retain = "no"
[[role]]
name = "a"
[[role]]
subscribe = "x"
[[user]]
name = "u"
roles = ["aa"]
groups = ["g"]
[default]
rolls = ["a"]
[roles]
)");
  EXPECT_THAT(all, HasSubstr("roles.toml:3:1: error: unknown key 'publsh' in [[role]]; did you mean 'publish'?"));
  EXPECT_THAT(all, HasSubstr("roles.toml:4:12: error: 'x/#/y' is no topic filter"));
  EXPECT_THAT(all, HasSubstr("error: a '%' begins %u, %c or %{attribute}"));
  EXPECT_THAT(all, HasSubstr("holds two variables"));
  EXPECT_THAT(all, HasSubstr("%{ must be followed by"));
  EXPECT_THAT(all, HasSubstr("publish is a list of texts in quotes"));
  EXPECT_THAT(all, HasSubstr("roles.toml:5:11: error: qos_max is 0, 1 or 2"));
  EXPECT_THAT(all, HasSubstr("retain is true or false"));
  EXPECT_THAT(all, HasSubstr("roles.toml:8:8: error: there is a [[role]] 'a' already"));
  EXPECT_THAT(all, HasSubstr("this [[role]] has no name"));
  EXPECT_THAT(all, HasSubstr("subscribe is a list of texts: write subscribe = "));
  EXPECT_THAT(all, HasSubstr("roles.toml:13:10: error: there is no role 'aa'; did you mean 'a'?"));
  EXPECT_THAT(all, HasSubstr("there is no group 'g'"));
  EXPECT_THAT(all, HasSubstr("unknown key 'rolls' in [default]; did you mean 'roles'?"));
  EXPECT_THAT(all, HasSubstr("unknown section 'roles'; write [[role]]"));
}

TEST(Roles, AFileThatIsNoTomlIsRefused) {
  EXPECT_THAT(problems_of({}, "[[role]]\nname = \n"), HasSubstr("roles.toml:2:"));
  EXPECT_THAT(problems_of({}, "[[role]]\nname = \n"), HasSubstr("error: this is no valid TOML"));
}

// toml++ asserts, or worse, what this breaks; src/config/toml_library.hpp.
TEST(Roles, ATableThatBeginsOddlyIsRefused) {
  for (const char* text : {"[ = [\"#\"]\n", "[=]", "[[ = ]]\n", "[ # ]\n", "[\x01", "[ ,", "\xEF\xBB\xB6", "\xC3\xA9 = 1\n"}) {
    EXPECT_THAT(problems_of({}, text), HasSubstr("roles.toml:1:")) << text;
  }
}

TEST(Roles, AFileThatGivesNobodyARoleDeniesEverything) {
  const auto policy = roles_of("[[role]]\nname='r'\npublish=['#']\n");
  EXPECT_FALSE(Asker("alice").publishes(policy, "x"));
  EXPECT_THAT(all_of(policy->warnings()), HasSubstr("gives nobody a role"));
}

TEST(BothFiles, DenyIfEitherDoesAndAllowIfEitherAllows) {
  const auto policy = policy_of("user alice\ntopic readwrite a/#\ntopic deny a/x\ntopic readwrite tele/c1/#\n",
                                "[[role]]\nname='r'\npublish=['r/#','a/x','tele/%c/#']\ndeny_publish=['a/y']\nretain=false\n"
                                "[default]\nroles=['r']\n");
  const Asker alice("alice");
  EXPECT_TRUE(alice.publishes(policy, "a/1"));
  EXPECT_TRUE(alice.publishes(policy, "r/1"));
  EXPECT_FALSE(alice.publishes(policy, "a/x"));
  EXPECT_FALSE(alice.publishes(policy, "a/y"));
  EXPECT_EQ(alice.rule(policy, Action::publish, "a/y"), "roles.toml:4");
  EXPECT_EQ(alice.rule(policy, Action::publish, "none"), "acl.conf, roles.toml: no rule");
  // A role's limit binds the role's rules, not those of the other file.
  EXPECT_EQ(alice.ask(policy, Action::publish, "tele/c1/x", 0, true).decision, Decision::allow);
  EXPECT_EQ(alice.ask(policy, Action::publish, "r/x", 0, true).decision, Decision::deny);
}

}  // namespace
}  // namespace tombo::test
