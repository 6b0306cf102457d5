#include "plugin/host/loaded_plugin.hpp"
#include "unit_plugin/plugin_world.hpp"

namespace tombo::plugin::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TimersOfPlugins : public PluginTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Plugin, TimersOfPlugins, ::testing::Values("scripted", "scripted_concurrent"),
                         [](const auto& kind) { return std::string{kind.param}; });

TEST_P(TimersOfPlugins, FireOnceAndAgain) {
  load({section("p", GetParam(), {"timers=yes"})});
  advance(Milliseconds{999});
  recorder_.wait_for("fired_once");
  EXPECT_EQ(recorder_.count("fired"), 0U);
  advance(Milliseconds{1});
  recorder_.wait_for("fired", 1);
  advance(Milliseconds{1'000});
  recorder_.wait_for("fired", 2);
  advance(Milliseconds{100'000});
  recorder_.wait_for("fired", 3);
  plugins_->stop();
  EXPECT_EQ(recorder_.count("fired"), 3U) << "what was missed is not made up for";
  EXPECT_EQ(recorder_.count("fired_once"), 1U);
  EXPECT_EQ(recorder_.count("fired_never"), 0U);
}

TEST(Timers, AreLimitedInNumber) {
  Timers timers;
  std::size_t added = 0;
  while (timers.add(MonoTime{}, Milliseconds{0}, [](void*) {}, nullptr)) ++added;
  EXPECT_EQ(added, 256U);
}

class Reloading : public PluginTest {};

TEST_F(Reloading, HandsOverChangedOptionsOnly) {
  load({section("p", "scripted", {"suffix=-1"})});
  EXPECT_THAT(plugins_->reload({section("p", "scripted", {"suffix=-1"})}), IsEmpty());
  EXPECT_EQ(ask("allow").kind, auth::Verdict::Kind::allow);
  EXPECT_EQ(recorder_.count_lines("has new options"), 0U);
  EXPECT_THAT(plugins_->reload({section("p", "scripted", {"suffix=-2"}), section("new", "scripted")}), IsEmpty());
  EXPECT_TRUE(recorder_.wait_for_line("plugin p: has new options"));
}

TEST_F(Reloading, TellsWhatAPluginSaysAgainstIt) {
  load({section("p", "scripted", {"suffix=-1"})});
  EXPECT_THAT(plugins_->reload({section("p", "scripted", {"refuse=yes"})}), IsEmpty());
  EXPECT_TRUE(recorder_.wait_for_line("plugin p: keeps its old options: asked to refuse"));
}

TEST_F(Reloading, RefusesOptionsThatAreNone) {
  load({section("p", "scripted")});
  EXPECT_THAT(plugins_->reload({section("p", "scripted", {"word"})}), ElementsAre("plugin 'p': option 'word' is not key=value"));
}

TEST_F(Reloading, TellsWhereAPluginTakesNoOptions) {
  load({section("t", "odd_table")});
  EXPECT_THAT(plugins_->reload({section("t", "odd_table", {"table=x"})}), IsEmpty());
  EXPECT_TRUE(recorder_.wait_for_line("plugin t: takes its new options at the next start"));
}

TEST_F(Reloading, ChangesTheDeadline) {
  load({section("p", "scripted")});
  auto faster = section("p", "scripted");
  faster.deadline_ms = 10;
  plugins_->reload({faster});
  Awaited<auth::Verdict> verdict;
  plugins_->backend("plugin:p")->ask(login("never"), verdict.setter());
  advance(Milliseconds{10});
  EXPECT_EQ(verdict.wait().kind, auth::Verdict::Kind::error);
}

/// The functions of the host, called as a plugin would.
class HostFunctions : public ::testing::Test {
 protected:
  static tombo_message message(const char* topic) {
    tombo_message message{};
    message.size = sizeof message;
    message.topic = tombo_text_of(topic);
    return message;
  }
  int publish(const tombo_message& message) { return host_.publish(&host_, &message); }

  SharedClock clock_;
  Recorder recorder_;
  log::Logger::Levels levels_;
  Timekeeper timekeeper_{clock_};
  std::unique_ptr<LoadedPlugin> plugin_ = std::move(
      LoadedPlugin::load(section("p", "odd_table"), {timekeeper_, {recorder_, levels_, log::Module::auth}, recorder_}).value());
  tombo_host host_ = make_host_table(*plugin_);
};

TEST_F(HostFunctions, PublishWhatIsValid) {
  const tombo_pair pair{tombo_text_of("k"), tombo_text_of("v")};
  tombo_message full = message("a/b");
  full.payload = {"x", 1};
  full.qos = 2;
  full.retain = 1;
  full.user_properties = &pair;
  full.user_property_count = 1;
  full.content_type = tombo_text_of("t");
  full.response_topic = tombo_text_of("r");
  full.correlation_data = {"\0c", 2};
  EXPECT_EQ(publish(full), TOMBO_OK);
  const auto sent = recorder_.messages();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].topic, "a/b");
  EXPECT_EQ(sent[0].payload, "x");
  EXPECT_EQ(sent[0].qos, mqtt::Qos::exactly_once);
  EXPECT_TRUE(sent[0].retain);
  EXPECT_EQ(sent[0].properties, (std::string{"\x03\0\x01t\x08\0\x01r\x09\0\x02\0c\x26\0\x01k\0\x01v", 20}));
}

TEST_F(HostFunctions, RefuseToPublishWhatIsNot) {
  EXPECT_EQ(publish(message("")), TOMBO_INVALID);
  EXPECT_EQ(publish(message("a/#")), TOMBO_INVALID);
  EXPECT_EQ(publish(message("\xff")), TOMBO_INVALID);
  EXPECT_EQ(publish(message(std::string(70'000, 'a').c_str())), TOMBO_INVALID);
  EXPECT_EQ(publish(message(std::string(300, '/').c_str())), TOMBO_INVALID);
  tombo_message odd = message("a");
  odd.qos = 3;
  EXPECT_EQ(publish(odd), TOMBO_INVALID);
  odd = message("a");
  odd.size = 8;
  EXPECT_EQ(publish(odd), TOMBO_INVALID);
  odd = message("a");
  odd.payload = {nullptr, 5};
  EXPECT_EQ(publish(odd), TOMBO_INVALID);
  odd = message("a");
  odd.response_topic = tombo_text_of("a/+");
  EXPECT_EQ(publish(odd), TOMBO_INVALID);
  odd = message("a");
  odd.user_property_count = 1;
  EXPECT_EQ(publish(odd), TOMBO_INVALID);
  EXPECT_EQ(host_.publish(&host_, nullptr), TOMBO_INVALID);
  EXPECT_THAT(recorder_.messages(), IsEmpty());
}

TEST_F(HostFunctions, KickWithReasonsThatDisconnectMayCarry) {
  EXPECT_EQ(host_.kick(&host_, tombo_text_of("c"), 0), TOMBO_OK);
  EXPECT_EQ(host_.kick(&host_, tombo_text_of("c"), 0x97), TOMBO_OK);
  EXPECT_EQ(host_.kick(&host_, tombo_text_of("c"), 0x86), TOMBO_INVALID) << "only CONNACK has it";
  EXPECT_EQ(host_.kick(&host_, tombo_text_of("c"), 1), TOMBO_INVALID);
  EXPECT_EQ(host_.kick(&host_, tombo_text_of("c"), 0x197), TOMBO_INVALID);
  EXPECT_EQ(host_.kick(&host_, {nullptr, 3}, 0), TOMBO_INVALID);
}

TEST_F(HostFunctions, AnswerForWhatIsNotThere) {
  EXPECT_EQ(host_.timer_remove(&host_, 5), TOMBO_GONE);
  EXPECT_EQ(host_.timer_add(&host_, 1, 0, nullptr, nullptr, nullptr), TOMBO_INVALID);
  EXPECT_EQ(host_.client_data_set(&host_, tombo_text_of("c"), this, nullptr), TOMBO_GONE);
  EXPECT_EQ(host_.client_data(&host_, tombo_text_of("c")), nullptr);
  const tombo_decision decision = TOMBO_DECISION(TOMBO_ALLOW);
  EXPECT_EQ(host_.complete(&host_, 99, &decision), TOMBO_GONE);
  EXPECT_EQ(host_.complete(&host_, 99, nullptr), TOMBO_GONE);
  EXPECT_EQ(host_.now_ms(&host_), 1'000'000);
}

TEST_F(HostFunctions, LogAtTheirLevelAndNoMoreThanALine) {
  host_.log(&host_, TOMBO_LOG_DEBUG, "not seen");
  host_.log(&host_, TOMBO_LOG_WARNING, std::string(5'000, 'x').c_str());
  EXPECT_EQ(recorder_.count_lines("not seen"), 0U);
  EXPECT_EQ(recorder_.count_lines("plugin p: " + std::string(1'000, 'x')), 1U);
  EXPECT_EQ(recorder_.count_lines(std::string(1'001, 'x')), 0U);
}

}  // namespace
}  // namespace tombo::plugin::test
