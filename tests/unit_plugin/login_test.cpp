#include "unit_plugin/plugin_world.hpp"

namespace tombo::plugin::test {
namespace {

using ::testing::ElementsAre;
using Kind = auth::Verdict::Kind;

/// Both kinds of plugins answer alike.
class Logins : public PluginTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { load({section("p", GetParam())}); }
};
INSTANTIATE_TEST_SUITE_P(Plugin, Logins, ::testing::Values("scripted", "scripted_concurrent"),
                         [](const auto& kind) { return std::string{kind.param}; });

TEST_P(Logins, AreAnsweredAtOnce) {
  const auto yes = ask("allow");
  EXPECT_EQ(yes.kind, Kind::allow);
  ASSERT_NE(yes.principal, nullptr);
  EXPECT_EQ(yes.principal->user_name, "allow");
  EXPECT_EQ(yes.principal->backend, "plugin:p");
  EXPECT_FALSE(yes.principal->has_grants);
  const auto no = ask("deny");
  EXPECT_EQ(no.kind, Kind::deny);
  EXPECT_EQ(no.reason, mqtt::ReasonCode::bad_user_name_or_password);
  EXPECT_EQ(ask("nobody").kind, Kind::unknown);
  EXPECT_EQ(ask("error").kind, Kind::error);
  EXPECT_EQ(ask("error").reason, mqtt::ReasonCode::server_unavailable);
}

TEST_P(Logins, AreAnsweredLaterFromAThreadOfThePlugin) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask("later").kind, Kind::allow);
}

TEST_P(Logins, CountTheFirstAnswerOnly) {
  EXPECT_EQ(ask("twice").kind, Kind::allow);
  EXPECT_EQ(recorder_.wait_for("first"), "0") << "TOMBO_OK";
  EXPECT_EQ(recorder_.wait_for("second"), "3") << "TOMBO_GONE";
  EXPECT_EQ(status().late, 1U);
  EXPECT_EQ(ask("both").kind, Kind::deny) << "completed before it returned something else";
}

TEST_P(Logins, SayWithWhichNameGroupsAndRights) {
  const auto verdict = ask("long");
  ASSERT_EQ(verdict.kind, Kind::allow);
  EXPECT_EQ(verdict.principal->user_name, "somebody-else");
  EXPECT_THAT(verdict.principal->groups, ElementsAre("red", "blue"));
  EXPECT_TRUE(verdict.principal->has_grants);
  ASSERT_EQ(verdict.principal->grants.size(), 1U);
  EXPECT_EQ(verdict.principal->grants[0].filter, "rooms/%u/#");
  EXPECT_TRUE(verdict.principal->grants[0].publish);
  EXPECT_FALSE(verdict.principal->grants[0].subscribe);
  EXPECT_TRUE(verdict.principal->grants[0].allow);
  EXPECT_EQ(verdict.principal->ends_at_s, 1234);
}

TEST_P(Logins, CarryAReasonWithoutControlCharacters) {
  const auto verdict = ask("locked");
  EXPECT_EQ(verdict.kind, Kind::deny);
  EXPECT_EQ(verdict.reason, mqtt::ReasonCode::banned);
  EXPECT_EQ(verdict.why, "account?is locked");
}

TEST_P(Logins, AreRefusedWhereAnAnswerMakesNoSense) {
  EXPECT_EQ(ask("nonsense").kind, Kind::error);
  EXPECT_EQ(ask("continue").kind, Kind::error);
  EXPECT_EQ(ask("wrong").kind, Kind::error);
  EXPECT_EQ(recorder_.wait_for("completed"), "1") << "TOMBO_INVALID";
  EXPECT_EQ(status().broken, 2U);
  EXPECT_EQ(recorder_.count_lines("means nothing"), 1U);
}

TEST_P(Logins, AreRefusedAtTheDeadlineAndALateAnswerIsIgnored) {
  Awaited<auth::Verdict> verdict;
  plugins_->backend("plugin:p")->ask(login("never"), verdict.setter());
  while (status().waiting > 0) std::this_thread::yield();
  plugins_->events()->connected(client("marker"));
  recorder_.wait_for("connected");  // so the question was put
  advance(Milliseconds{4'999});
  EXPECT_EQ(verdict.count(), 0);
  advance(Milliseconds{1});
  EXPECT_EQ(verdict.wait().kind, Kind::error);
  EXPECT_EQ(status().deadlines, 1U);
  plugins_->events()->connected(client("answer-kept"));
  EXPECT_EQ(recorder_.wait_for("kept"), "3") << "TOMBO_GONE";
  EXPECT_EQ(verdict.count(), 1);
}

TEST_P(Logins, AreRefusedAtAStop) {
  Awaited<auth::Verdict> verdict;
  plugins_->backend("plugin:p")->ask(login("never"), verdict.setter());
  plugins_->stop();
  EXPECT_EQ(verdict.wait().kind, Kind::error);
  EXPECT_EQ(verdict.count(), 1);
  EXPECT_EQ(ask("allow").kind, Kind::error) << "a plugin that has gone lets nobody in";
}

TEST_P(Logins, ComeFromManyThreads) {
  std::vector<std::thread> shards;
  std::atomic<int> allowed{0};
  for (int shard = 0; shard < 4; ++shard) {
    shards.emplace_back([&] {
      for (int i = 0; i < 40; ++i) {
        if (ask(i % 4 == 0 ? "later" : "allow").kind == Kind::allow) ++allowed;
      }
    });
  }
  for (auto& shard : shards) shard.join();
  EXPECT_EQ(allowed, 160);
  EXPECT_EQ(recorder_.count("overlap"), 0U) << "a serial plugin is called by one thread at a time";
}

class SerialLogins : public PluginTest {};

TEST_F(SerialLogins, DoNotWaitForAPluginThatHangsBeyondTheDeadline) {
  Gate gate;
  load({section("p", "scripted", {gate.option()})});
  Awaited<auth::Verdict> hanging, behind;
  plugins_->backend("plugin:p")->ask(login("block"), hanging.setter());
  recorder_.wait_for("blocked");
  plugins_->backend("plugin:p")->ask(login("allow"), behind.setter());
  advance(Milliseconds{5'000});
  EXPECT_EQ(hanging.wait().kind, Kind::error);
  EXPECT_EQ(behind.wait().kind, Kind::error);
  gate.open();
  EXPECT_EQ(ask("allow").kind, Kind::allow);
  EXPECT_EQ(hanging.count(), 1);
  EXPECT_EQ(behind.count(), 1);
}

TEST_F(SerialLogins, AreRefusedAtOnceWhereTooManyWait) {
  Gate gate;
  load({section("p", "scripted", {gate.option()})});
  Awaited<auth::Verdict> hanging;
  plugins_->backend("plugin:p")->ask(login("block"), hanging.setter());
  recorder_.wait_for("blocked");
  std::atomic<int> allowed{0}, refused{0};
  constexpr int kAsked = 10'050;
  for (int i = 0; i < kAsked; ++i) {
    plugins_->backend("plugin:p")->ask(login("allow"), [&](const auth::Verdict& verdict) {
      ++(verdict.kind == Kind::allow ? allowed : refused);
      if (verdict.kind != Kind::allow) {
        EXPECT_EQ(verdict.reason, mqtt::ReasonCode::server_busy);
      }
    });
  }
  EXPECT_EQ(refused, 51) << "one that is being asked and 9,999 that wait are 10,000";
  EXPECT_EQ(status().busy, 51U);
  // Events are dropped and counted only where the queue, not the number of questions, is full.
  gate.open();
  EXPECT_EQ(hanging.wait().kind, Kind::allow);
  EXPECT_EQ(ask("allow").kind, Kind::allow);
  EXPECT_EQ(allowed + refused, kAsked);
  EXPECT_EQ(recorder_.count_lines("has too much to do"), 1U) << "one line, not one for each";
}

TEST_F(SerialLogins, BeginWithoutLineBreaksInTheLog) {
  load({section("p", "scripted")});
  EXPECT_TRUE(recorder_.wait_for_line("plugin p: begins?with a line break"));
}

}  // namespace
}  // namespace tombo::plugin::test
