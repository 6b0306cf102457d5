#include "auth/acl/policy.hpp"
#include "unit_control/talk.hpp"

#include <gtest/gtest.h>

#include <memory>

// What the rules say, asked over the control socket.

namespace tombo::test {

namespace {

class Rules final : public auth::acl::Explainer {
 public:
  explicit Rules(const std::string& text) {
    const auth::acl::Policy::Source source{"acl.conf", text};
    policy_ = *auth::acl::Policy::parse(&source, nullptr);
  }
  auth::acl::Explanation explain(const auth::Access& access) const override { return policy_->explain(access); }
  config::Acl sources() const override {
    config::Acl files;
    files.file = "acl.conf";
    return files;
  }

 private:
  std::shared_ptr<const auth::acl::Policy> policy_;
};

const Rules kRules("topic read open/#\nuser alice\ntopic write a/#\npattern read own/%c/#\n");

}  // namespace

TEST(Acl, IsExplainedForAnybody) {
  VirtualBroker broker;
  Talk talk(broker);
  talk.context().rules = &kRules;
  const Json allowed = talk.result("acl.explain", {{"user", "alice"}, {"topic", "a/1"}, {"action", "publish"}});
  EXPECT_EQ(allowed["decision"], "allow");
  EXPECT_EQ(allowed["rule"], "acl.conf:3");
  EXPECT_EQ(allowed["text"], "topic write a/#");
  const Json denied = talk.result("acl.explain", {{"anonymous", true}, {"topic", "a/1"}, {"action", "publish"}});
  EXPECT_EQ(denied["decision"], "deny");
  EXPECT_EQ(denied["rule"], "acl.conf: no rule");
  EXPECT_EQ(denied["reason"], 0x87);
  EXPECT_EQ(talk.result("acl.files")["file"], "acl.conf");
}

TEST(Acl, IsExplainedForAClientThatIsConnected) {
  VirtualBroker broker;
  auto client = connected(broker, "c7");
  Talk talk(broker);
  talk.context().rules = &kRules;
  EXPECT_EQ(talk.result("acl.explain", {{"client", "c7"}, {"topic", "own/c7/x"}, {"action", "receive"}})["decision"], "allow");
  EXPECT_EQ(talk.result("acl.explain", {{"client", "c7"}, {"topic", "$share/g/own/c7/x"}, {"action", "subscribe"}})["decision"], "allow");
  EXPECT_EQ(talk.result("acl.explain", {{"client", "c7"}, {"topic", "own/c8/x"}, {"action", "receive"}})["decision"], "deny");
  EXPECT_EQ(talk.error("acl.explain", {{"client", "c8"}, {"topic", "x"}, {"action", "receive"}}), "not_found");
  const auto rows = talk.rows("clients.list", {{"principals", true}});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(rows[0]["principal"]["groups"].is_array());
  EXPECT_FALSE(talk.rows("clients.list")[0].contains("principal"));
}

TEST(Acl, RefusesWhatMakesNoSense) {
  VirtualBroker broker;
  Talk talk(broker);
  EXPECT_EQ(talk.error("acl.explain", {{"user", "a"}, {"topic", "x"}, {"action", "publish"}}), "refused") << "there are no rules";
  EXPECT_EQ(talk.error("acl.files"), "refused");
  talk.context().rules = &kRules;
  EXPECT_EQ(talk.error("acl.explain", {{"user", "a"}, {"topic", "x/#"}, {"action", "publish"}}), "bad_argument");
  EXPECT_EQ(talk.error("acl.explain", {{"user", "a"}, {"topic", "x/#/y"}, {"action", "subscribe"}}), "bad_argument");
  EXPECT_EQ(talk.error("acl.explain", {{"user", "a"}, {"topic", "x"}, {"action", "look"}}), "bad_argument");
  EXPECT_EQ(talk.error("acl.explain", {{"topic", "x"}, {"action", "publish"}}), "bad_argument");
  EXPECT_EQ(talk.error("acl.explain", {{"user", "a"}, {"topic", "x"}, {"action", "publish"}, {"groups", "g"}}), "bad_argument");
  EXPECT_EQ(talk.error("acl.explain", {{"user", "a"}, {"topic", "x"}, {"action", "publish"}, {"attributes", {"cn"}}}), "bad_argument");
}

}  // namespace tombo::test
