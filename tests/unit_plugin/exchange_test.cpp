#include "unit_plugin/plugin_world.hpp"

namespace tombo::plugin::test {
namespace {

using Step = auth::ExchangeAnswer::Step;

class Exchanges : public PluginTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { load({section("p", GetParam())}); }
  std::unique_ptr<auth::Exchange> begin() { return plugins_->backend("plugin:p")->begin("COUNTDOWN", login("alice")); }
  static auth::ExchangeAnswer step(auth::Exchange& exchange, const std::string& data) {
    Awaited<auth::ExchangeAnswer> later;
    const auto answer = exchange.step(data, later.setter());
    return answer.step == Step::pending ? later.wait() : answer;
  }
};
INSTANTIATE_TEST_SUITE_P(Plugin, Exchanges, ::testing::Values("scripted", "scripted_concurrent"),
                         [](const auto& kind) { return std::string{kind.param}; });

TEST_P(Exchanges, AreBegunForMethodsThatThePluginKnows) {
  EXPECT_EQ(plugins_->backend("plugin:p")->begin("OTHER", login("alice")), nullptr);
  EXPECT_NE(begin(), nullptr);
}

TEST_P(Exchanges, GoStepByStep) {
  auto exchange = begin();
  const auto first = step(*exchange, "hello");
  EXPECT_EQ(first.step, Step::go_on);
  EXPECT_EQ(first.data, "hello");
  const auto second = step(*exchange, "2");
  EXPECT_EQ(second.step, Step::go_on);
  EXPECT_EQ(second.data, "step");
  const auto last = step(*exchange, "1");
  EXPECT_EQ(last.step, Step::allow);
  EXPECT_EQ(last.data, "step");
  ASSERT_NE(last.principal, nullptr);
  EXPECT_EQ(last.principal->user_name, "counted");
  EXPECT_EQ(last.principal->backend, "plugin:p");
  exchange.reset();
  recorder_.wait_for("ended");
}

TEST_P(Exchanges, AreRefused) {
  auto exchange = begin();
  step(*exchange, "");
  const auto no = step(*exchange, "bad");
  EXPECT_EQ(no.step, Step::deny);
  EXPECT_EQ(no.reason, mqtt::ReasonCode::not_authorized);
  auto other = begin();
  step(*other, "");
  EXPECT_EQ(step(*other, "huh").step, Step::deny) << "no opinion lets nobody in";
}

TEST_P(Exchanges, AreEndedWhenTheClientLeavesInTheMiddle) {
  auto exchange = begin();
  step(*exchange, "");
  exchange.reset();
  recorder_.wait_for("ended");
}

TEST_P(Exchanges, AreEndedAtAStopAndOnlyOnce) {
  auto exchange = begin();
  step(*exchange, "");
  auto unused = begin();
  plugins_->stop();
  EXPECT_EQ(recorder_.count("ended"), 1U) << "the one that had begun";
  EXPECT_EQ(step(*exchange, "2").step, Step::deny);
  exchange.reset();
  unused.reset();
  EXPECT_EQ(recorder_.count("ended"), 1U);
}

class BusyExchange : public PluginTest {};

TEST_F(BusyExchange, ThatNeverBeganIsNotGoneOnWith) {
  Gate gate;
  load({section("p", "scripted", {gate.option()})});
  Awaited<auth::Verdict> hanging;
  plugins_->backend("plugin:p")->ask(login("block"), hanging.setter());
  recorder_.wait_for("blocked");
  auto exchange = plugins_->backend("plugin:p")->begin("COUNTDOWN", login("alice"));
  Awaited<auth::ExchangeAnswer> first, second;
  ASSERT_EQ(exchange->step("", first.setter()).step, Step::pending);
  advance(Milliseconds{5'000});
  EXPECT_EQ(first.wait().step, Step::deny);
  gate.open();
  ASSERT_EQ(exchange->step("", second.setter()).step, Step::pending);
  EXPECT_EQ(second.wait().step, Step::deny);
  exchange.reset();
  plugins_->stop();
  EXPECT_EQ(recorder_.count("ended"), 0U);
}

}  // namespace
}  // namespace tombo::plugin::test
