#include "unit_plugin/plugin_world.hpp"

namespace tombo::plugin::test {
namespace {

using auth::Action;
using auth::Decision;

class Accesses : public PluginTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { load({section("p", GetParam())}); }
  auth::AccessAnswer judge(const std::string& topic, Action action = Action::publish) {
    Awaited<auth::AccessAnswer> later;
    const std::string client_id = "c";
    const auth::Access access{action, client_id, auth::nobody(), 0, topic, mqtt::Qos::at_least_once, false};
    const auto answer = plugins_->referee("plugin:p")->judge(access, later.setter());
    return answer.decision == Decision::pending ? later.wait() : answer;
  }
};
INSTANTIATE_TEST_SUITE_P(Plugin, Accesses, ::testing::Values("scripted", "scripted_concurrent"),
                         [](const auto& kind) { return std::string{kind.param}; });

TEST_P(Accesses, AreAllowedByARule) {
  const auto answer = judge("a/allow");
  EXPECT_EQ(answer.decision, Decision::allow);
  ASSERT_NE(answer.rule, nullptr);
  EXPECT_EQ(*answer.rule, "plugin:p");
}

TEST_P(Accesses, AreLeftToOthersWithoutAnOpinion) {
  const auto answer = judge("a/nobody");
  EXPECT_EQ(answer.decision, Decision::allow);
  EXPECT_EQ(answer.rule, nullptr);
}

TEST_P(Accesses, AreDeniedWithAReasonThatThePacketMayCarry) {
  const auto plain = judge("a/deny");
  EXPECT_EQ(plain.decision, Decision::deny);
  EXPECT_EQ(plain.reason, mqtt::ReasonCode::not_authorized);
  EXPECT_EQ(*plain.rule, "plugin:p");
  const auto locked = judge("a/locked", Action::subscribe);
  EXPECT_EQ(locked.decision, Decision::deny);
  EXPECT_EQ(locked.reason, mqtt::ReasonCode::not_authorized) << "SUBACK does not know 'banned'";
  EXPECT_EQ(*locked.rule, "plugin:p: account?is locked");
}

TEST_P(Accesses, AreRefusedWhereThePluginCannotTell) {
  for (const char* topic : {"a/error", "a/nonsense", "a/continue", "a/wrong"}) {
    const auto answer = judge(topic);
    EXPECT_EQ(answer.decision, Decision::deny) << topic;
    EXPECT_EQ(answer.reason, mqtt::ReasonCode::implementation_specific_error) << topic;
  }
}

TEST_P(Accesses, AreAnsweredLater) { EXPECT_EQ(judge("a/later").decision, Decision::allow); }

TEST_P(Accesses, AreRefusedAtTheDeadline) {
  Awaited<auth::AccessAnswer> later;
  const std::string client_id = "c";
  {
    // What the call was given does not outlive it.
    const std::string topic = "a/never";
    const auth::Access access{Action::publish, client_id, auth::nobody(), 0, topic, mqtt::Qos::at_most_once, false};
    EXPECT_EQ(plugins_->referee("plugin:p")->judge(access, later.setter()).decision, Decision::pending);
  }
  advance(Milliseconds{5'000});
  EXPECT_EQ(later.wait().decision, Decision::deny);
}

class Receiving : public PluginTest {
 protected:
  auth::AccessAnswer receive(const std::string& topic) {
    const std::string client_id = "c";
    const auth::Access access{Action::receive, client_id, auth::nobody(), 0, topic, mqtt::Qos::at_most_once, false};
    return plugins_->referee("plugin:p")->judge(access, [](const auth::AccessAnswer&) { FAIL() << "answered later"; });
  }
};

TEST_F(Receiving, IsJudgedAtOnceByConcurrentPlugins) {
  load({section("p", "scripted_concurrent")});
  EXPECT_EQ(receive("a/allow").decision, Decision::allow);
  EXPECT_EQ(receive("a/deny").decision, Decision::deny);
  EXPECT_EQ(receive("a/never").decision, Decision::deny) << "it has no time to think";
  EXPECT_EQ(receive("a/twice").decision, Decision::deny) << "there is no ticket to complete";
  EXPECT_EQ(recorder_.wait_for("first"), "3");
}

TEST_F(Receiving, IsNoBusinessOfSerialPlugins) {
  load({section("p", "scripted")});
  EXPECT_EQ(receive("a/deny").decision, Decision::allow);
  EXPECT_EQ(receive("a/deny").rule, nullptr);
}

}  // namespace
}  // namespace tombo::plugin::test
