#include "unit_acl/arrange.hpp"

#include <gmock/gmock.h>

namespace tombo::test {

using ::testing::HasSubstr;
using ::testing::Not;

namespace {

// What tests/integration/test_acl_like_mosquitto.py asks Debian's mosquitto, too.
constexpr const char* kFile = R"(# the first rules are for the anonymous
topic read pub/#
topic deny pub/secret
topic write in/+

user alice
topic readwrite a/#
topic deny a/no/#
topic x/with
topic read with space/#

user bob smith
topic write b/+/c
user alice
topic write late

pattern deny a/%u/#
pattern readwrite p/%u/%c/#
pattern readwrite q/#
pattern deny q/no
)";

struct Row {
  const char* user;
  const char* client;
  Action action;
  const char* topic;
  bool allowed;
  const char* rule;
};

constexpr auto kPublish = Action::publish;
constexpr auto kReceive = Action::receive;
constexpr auto kSubscribe = Action::subscribe;

const Row kRows[] = {
    {"", "c", kReceive, "pub/x", true, "acl.conf:2"},
    {"", "c", kReceive, "pub", true, "acl.conf:2"},
    {"", "c", kPublish, "pub/x", false, "acl.conf: no rule"},
    {"", "c", kReceive, "pub/secret", false, "acl.conf:3"},
    {"", "c", kPublish, "in/1", true, "acl.conf:4"},
    {"", "c", kPublish, "in/1/2", false, "acl.conf: no rule"},
    {"", "c", kReceive, "in/1", false, "acl.conf: no rule"},
    {"alice", "c", kReceive, "pub/x", false, "acl.conf: no rule"},  // those are for the anonymous only
    {"alice", "c", kPublish, "a/1", true, "acl.conf:7"},
    {"alice", "c", kPublish, "a/no/1", false, "acl.conf:8"},
    {"alice", "c", kReceive, "a/no", false, "acl.conf:8"},
    {"alice", "c", kPublish, "x/with", true, "acl.conf:9"},
    {"alice", "c", kReceive, "with space/1", true, "acl.conf:10"},
    {"alice", "c", kPublish, "late", true, "acl.conf:15"},
    {"alice", "c", kPublish, "a/alice/1", true, "acl.conf:7"},  // the user's own rules before the patterns
    {"bob smith", "c", kPublish, "b/x/c", true, "acl.conf:13"},
    {"bob smith", "c", kPublish, "p/bob smith/c/1", true, "acl.conf:18"},
    {"bob smith", "c", kPublish, "p/bob smith/d/1", false, "acl.conf: no rule"},
    {"", "c", kPublish, "p//c/1", false, "acl.conf: no rule"},
    {"nobody", "c", kPublish, "q/yes", true, "acl.conf:19"},
    {"nobody", "c", kPublish, "q/no", false, "acl.conf:20"},
    {"", "c", kPublish, "q/yes", true, "acl.conf:19"},
    // A subscription is refused only where nothing could ever come.
    {"", "c", kSubscribe, "#", true, "acl.conf:2"},
    {"", "c", kSubscribe, "pub/secret", false, "acl.conf:3"},
    {"", "c", kSubscribe, "pub/+", true, "acl.conf:2"},
    {"", "c", kSubscribe, "in/+", false, "acl.conf: no rule"},
    {"alice", "c", kSubscribe, "a/no/+", false, "acl.conf:8"},
    {"alice", "c", kSubscribe, "p/alice/+/x", true, "acl.conf:18"},
    {"alice", "c", kSubscribe, "p/bob/+/x", false, "acl.conf: no rule"},
    {"alice", "c", kSubscribe, "$SYS/#", false, "acl.conf: no rule"},
};

TEST(MosquittoAcl, DecidesByUserThenByPattern) {
  const auto policy = policy_of(kFile);
  for (const Row& row : kRows) {
    const Asker asker(row.user, row.client);
    EXPECT_EQ(asker.ask(policy, row.action, row.topic).decision == Decision::allow, row.allowed)
        << row.user << " " << static_cast<int>(row.action) << " " << row.topic;
    EXPECT_EQ(asker.rule(policy, row.action, row.topic), row.rule) << row.user << " " << row.topic;
  }
}

// [CVE-2017-7650]
TEST(MosquittoAcl, NeverTakesANameForAPattern) {
  const auto policy = policy_of("pattern readwrite home/%u/#\npattern readwrite dev/%c\npattern read %c/%u\n");
  for (const std::string name : {"+", "#", "a/b", "alice/#", "x+", "#y"}) {
    const Asker asker(name, name);
    for (const char* topic : {"home/alice/1", "dev/c1", "home/a/b", "home/+/x", "x/x"}) {
      EXPECT_FALSE(asker.receives(policy, topic)) << name << " " << topic;
      EXPECT_FALSE(asker.publishes(policy, topic)) << name << " " << topic;
    }
    for (const char* filter : {"home/alice/#", "home/#", "#", "+/+", "dev/+", "home/+/#"}) {
      EXPECT_FALSE(asker.subscribes(policy, filter)) << name << " " << filter;
    }
  }
  const Asker alice("alice", "c1");
  EXPECT_TRUE(alice.receives(policy, "home/alice/1"));
  EXPECT_TRUE(alice.receives(policy, "c1/alice"));
}

TEST(MosquittoAcl, DeniesAllThatANameWithWildcardsMightMean) {
  const auto policy = policy_of("pattern readwrite #\npattern deny secret/%c/#\npattern readwrite own/%c\n");
  EXPECT_FALSE(Asker("u", "a").receives(policy, "secret/a/1"));
  EXPECT_TRUE(Asker("u", "a").receives(policy, "secret/b/1"));
  for (const std::string id : {"a/b", "+", "#", "a#"}) {
    EXPECT_FALSE(Asker("u", id).receives(policy, "secret/a/1")) << id;
    EXPECT_FALSE(Asker("u", id).receives(policy, "secret/b")) << id;
    EXPECT_EQ(Asker("u", id).receives(policy, "open"), id == "a/b") << id;  // with a wildcard, no pattern allows anything
  }
}

TEST(MosquittoAcl, LetsNoNameOpenTopicsOfTheBroker) {
  const auto policy = policy_of("pattern readwrite %u/#\npattern readwrite %c/#\n");
  const Asker asker("$SYS", "$CONTROL");
  EXPECT_FALSE(asker.receives(policy, "$SYS/broker/version"));
  EXPECT_FALSE(asker.subscribes(policy, "$SYS/#"));
  EXPECT_FALSE(asker.publishes(policy, "$CONTROL/x"));
  EXPECT_FALSE(asker.publishes(policy, "$SYS/x"));
  EXPECT_FALSE(asker.subscribes(policy, "$SYS/+/version"));
}

TEST(MosquittoAcl, ClosesTheBrokersTopicsUnlessARuleOpensThem) {
  const auto wide = policy_of("topic readwrite #\ntopic readwrite +/x\n");
  const Asker asker("");
  EXPECT_TRUE(asker.publishes(wide, "anything/x"));
  EXPECT_FALSE(asker.receives(wide, "$SYS/x"));
  EXPECT_FALSE(asker.subscribes(wide, "$SYS/x"));
  EXPECT_FALSE(asker.subscribes(wide, "$CONTROL/#"));
  EXPECT_FALSE(asker.publishes(wide, "$CONTROL/x"));
  const auto opened = policy_of("topic read $SYS/#\ntopic write $CONTROL/+\ntopic readwrite $SYS/write\n");
  EXPECT_TRUE(asker.receives(opened, "$SYS/x"));
  EXPECT_TRUE(asker.subscribes(opened, "$SYS/#"));
  EXPECT_TRUE(asker.publishes(opened, "$CONTROL/x"));
  EXPECT_FALSE(asker.publishes(opened, "$SYS/write"));
  EXPECT_EQ(asker.rule(opened, Action::publish, "$SYS/write"), "built in");
}

// [CVE-2018-12550]
TEST(MosquittoAcl, AnEmptyFileDeniesEverything) {
  for (const char* text : {"\n", "# only a comment\n\n   # another\n", "user alice\n"}) {
    const auto policy = policy_of(text);
    EXPECT_TRUE(policy->restricts());
    EXPECT_FALSE(Asker("").publishes(policy, "x")) << text;
    EXPECT_FALSE(Asker("alice").subscribes(policy, "#")) << text;
    EXPECT_THAT(all_of(policy->warnings()), HasSubstr("acl.conf: warning: the file holds no rule: everything is denied"));
  }
}

TEST(MosquittoAcl, TellsEveryMistakeWithItsPlace) {
  const std::string all = problems_of(
      "topic read a/#/b\ntopics read x\nuser\ntopic deny\npattern read a%u\ntopic reed x\ntopic read %u/x\n  topic   read   "
      "\xff\n"
      "topic\n\ttopic read $share/g/x\n");
  EXPECT_THAT(all, HasSubstr("acl.conf:1:12: error: 'a/#/b' is no topic filter"));
  EXPECT_THAT(all, HasSubstr("acl.conf:2:1: error: unknown directive 'topics'; did you mean 'topic'?"));
  EXPECT_THAT(all, HasSubstr("acl.conf:3:1: error: 'user' names nobody; write 'user NAME'"));
  EXPECT_THAT(all, HasSubstr("acl.conf:4:7: error: 'topic deny' names no topic; write 'topic deny FILTER'"));
  EXPECT_THAT(all, HasSubstr("acl.conf:5:14: error: %u and %c must be alone in their level"));
  EXPECT_THAT(all, HasSubstr("acl.conf:6:7: error: 'reed' is neither read, write, readwrite nor deny"));
  EXPECT_THAT(all, HasSubstr("acl.conf:7:12: error: %u and %c are replaced in 'pattern' lines only; write 'pattern read %u/x'"));
  EXPECT_THAT(all, HasSubstr("acl.conf:8:18: error: the topic filter is no UTF-8"));
  EXPECT_THAT(all, HasSubstr("acl.conf:9:6: error: a topic filter is missing"));
  EXPECT_THAT(all, HasSubstr("acl.conf:10:13: error: rules are written without $share/NAME/"));
}

TEST(MosquittoAcl, WarnsOfRulesWithoutEffect) {
  const std::string all = problems_of("pattern read a/b\npattern write $SYS/broker/connection/%c/state\n");
  EXPECT_THAT(all, HasSubstr("loaded"));
  EXPECT_THAT(all, HasSubstr("acl.conf:1:14: warning: this pattern holds neither %u nor %c"));
  EXPECT_THAT(all, HasSubstr("acl.conf:2:15: warning: nobody may publish below $SYS"));
}

TEST(MosquittoAcl, ManyWarningsHideNoError) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += "pattern read a/b\n";
  EXPECT_THAT(problems_of(text + "nonsense\n"), HasSubstr("acl.conf:1001:1: error: unknown directive"));
  EXPECT_THAT(problems_of(text), HasSubstr("there may be more"));
}

TEST(MosquittoAcl, ReadsFilesOfOtherSystems) {
  const auto policy = policy_of("\xEF\xBB\xBFtopic read a\r\n\r\nuser bob\r\n\ttopic write b  \r\ntopic c");
  EXPECT_TRUE(Asker("").receives(policy, "a"));
  EXPECT_TRUE(Asker("bob").publishes(policy, "b"));
  EXPECT_TRUE(Asker("bob").publishes(policy, "c"));
}

}  // namespace
}  // namespace tombo::test
