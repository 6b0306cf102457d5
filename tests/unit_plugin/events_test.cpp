#include "unit_plugin/plugin_world.hpp"

namespace tombo::plugin::test {
namespace {

class ClientEvents : public PluginTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    load({section("p", GetParam(), {gate_.option()})});
    events_ = plugins_->events();
    ASSERT_NE(events_, nullptr);
  }
  Gate gate_;
  Events* events_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Plugin, ClientEvents, ::testing::Values("scripted", "scripted_concurrent"),
                         [](const auto& kind) { return std::string{kind.param}; });

TEST_P(ClientEvents, TellOfComingAndGoing) {
  events_->connected(client("c1"));
  events_->disconnected(client("c1"), mqtt::ReasonCode::keep_alive_timeout);
  EXPECT_EQ(recorder_.wait_for("connected"), "c1");
  EXPECT_EQ(recorder_.wait_for("disconnected"), "c1 141");
}

TEST_P(ClientEvents, TellOfSubscriptions) {
  events_->subscribed(client("c1"), {"$share/g/a/#", {}, mqtt::Qos::at_least_once, 0});
  events_->unsubscribed(client("c1"), "a/+");
  EXPECT_EQ(recorder_.wait_for("subscribed"), "$share/g/a/# 1");
  EXPECT_EQ(recorder_.wait_for("unsubscribed"), "a/+");
}

TEST_P(ClientEvents, KeepAPointerForEachClientUntilItHasGone) {
  events_->connected(client("c1"));
  events_->connected(client("c2"));
  recorder_.wait_for("connected", 2);
  EXPECT_EQ(recorder_.count("released"), 0U);
  events_->disconnected(client("c1"), mqtt::ReasonCode::success);
  recorder_.wait_for("released");
  plugins_->stop();
  EXPECT_EQ(recorder_.count("released"), 2U) << "at the end, those of all who are still there";
  EXPECT_EQ(recorder_.count("data_lost"), 0U);
}

TEST_P(ClientEvents, TellOfTakeoverInItsOrder) {
  for (int i = 0; i < 50; ++i) {
    events_->connected(client("c1"));
    events_->disconnected(client("c1"), mqtt::ReasonCode::session_taken_over);
  }
  recorder_.wait_for("disconnected", 50);
  plugins_->stop();
  EXPECT_EQ(recorder_.count("released"), 50U);
  EXPECT_EQ(recorder_.count("data_lost"), 0U);
}

TEST_P(ClientEvents, DoNotTellOfAnEndWithoutABeginning) {
  events_->disconnected(client("c1"), mqtt::ReasonCode::success);
  plugins_->stop();
  EXPECT_EQ(recorder_.count("disconnected"), 0U);
}

TEST_P(ClientEvents, LetThePluginKick) {
  events_->connected(client("kick-me"));
  EXPECT_EQ(recorder_.wait_for_kick(), std::make_pair(std::string{"kick-me"}, mqtt::ReasonCode::administrative_action));
}

TEST_P(ClientEvents, ComeFromManyThreads) {
  std::vector<std::thread> shards;
  for (int shard = 0; shard < 4; ++shard) {
    shards.emplace_back([this, shard] {
      for (int i = 0; i < 50; ++i) {
        const std::string id = std::to_string(shard) + "-" + std::to_string(i);
        const ClientView view{id, auth::nobody(), peer_, 0, mqtt::Version::v5};
        events_->connected(view);
        events_->subscribed(view, {"a", {}, mqtt::Qos::at_most_once, 0});
        events_->disconnected(view, mqtt::ReasonCode::success);
      }
    });
  }
  for (auto& shard : shards) shard.join();
  recorder_.wait_for("released", 200);
  EXPECT_EQ(recorder_.count("connected"), 200U);
  EXPECT_EQ(recorder_.count("disconnected"), 200U);
}

class FullQueue : public PluginTest {};

TEST_F(FullQueue, DropsEventsAndCountsThemButTellsOfEveryEnd) {
  Gate gate;
  load({section("p", "scripted", {gate.option()})});
  Awaited<auth::Verdict> hanging;
  plugins_->backend("plugin:p")->ask(login("block"), hanging.setter());
  recorder_.wait_for("blocked");
  plugins_->events()->connected(client("early"));
  for (int i = 0; i < 10'000; ++i) plugins_->events()->unsubscribed(client("early"), "a");
  EXPECT_EQ(status().events_dropped, 1U);
  plugins_->events()->connected(client("late"));
  EXPECT_EQ(status().events_dropped, 2U);
  plugins_->events()->disconnected(client("late"), mqtt::ReasonCode::success);
  plugins_->events()->disconnected(client("early"), mqtt::ReasonCode::success);
  gate.open();
  EXPECT_EQ(recorder_.wait_for("disconnected"), "early 0");
  EXPECT_EQ(ask("allow").kind, auth::Verdict::Kind::allow);
  EXPECT_EQ(recorder_.count("connected"), 1U);
  EXPECT_EQ(recorder_.count("disconnected"), 1U) << "nobody heard that 'late' had come";
}

TEST_F(FullQueue, IsDroppedAtAStopBeginningsWithTheirEnds) {
  Gate gate;
  load({section("p", "scripted", {gate.option()})});
  Awaited<auth::Verdict> hanging;
  plugins_->backend("plugin:p")->ask(login("block"), hanging.setter());
  recorder_.wait_for("blocked");
  for (int i = 0; i < 100; ++i) plugins_->events()->unsubscribed(client("c"), "a");
  plugins_->events()->connected(client("c"));
  plugins_->events()->disconnected(client("c"), mqtt::ReasonCode::success);
  std::thread stopping{[this] { plugins_->stop(); }};
  while (status().waiting > 2) std::this_thread::yield();
  gate.open();
  stopping.join();
  EXPECT_EQ(recorder_.count("shutdown"), 1U);
  EXPECT_EQ(recorder_.count("unsubscribed"), 0U);
  EXPECT_EQ(recorder_.count("connected"), 0U);
  EXPECT_EQ(recorder_.count("disconnected"), 0U) << "it never heard that the client had come";
}

}  // namespace
}  // namespace tombo::plugin::test
