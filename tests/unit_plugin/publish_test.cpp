#include "mqtt/properties.hpp"
#include "unit_plugin/plugin_world.hpp"

namespace tombo::plugin::test {
namespace {

using Kind = PublishVerdict::Kind;

class PublishTest : public PluginTest {
 protected:
  PublishVerdict publish(const std::string& topic, const std::vector<std::uint8_t>& properties = {}) {
    Awaited<PublishVerdict> later;
    const std::string payload = "payload";
    const ClientView publisher = client("c");
    const Publication publication{publisher, topic, mqtt::bytes_of(payload), mqtt::Qos::at_most_once, false, false, properties};
    auto verdict = plugins_->events()->on_publish(publication, later.setter());
    if (verdict.kind != Kind::pending) {
      EXPECT_EQ(later.count(), 0);
      return verdict;
    }
    verdict = later.wait();
    EXPECT_EQ(later.count(), 1);
    return verdict;
  }
  static std::string as_text(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }
};

class Publishing : public PublishTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    load({section("p", GetParam(), {"suffix=-1"})});
    ASSERT_TRUE(plugins_->events()->watches_publish());
  }
};
INSTANTIATE_TEST_SUITE_P(Plugin, Publishing, ::testing::Values("scripted", "scripted_concurrent"),
                         [](const auto& kind) { return std::string{kind.param}; });

TEST_P(Publishing, GoesOnUnchanged) {
  const auto verdict = publish("plain");
  EXPECT_EQ(verdict.kind, Kind::pass);
  EXPECT_EQ(verdict.changes, nullptr);
}

TEST_P(Publishing, IsChangedInAllThatAPluginMayChange) {
  for (const char* topic : {"change", "change_later"}) {
    const std::string content_type{"\x03\x00\x01t", 4};
    const std::string user{"\x26\x00\x01k\x00\x01v", 7};
    const std::string all = content_type + user;
    const auto verdict = publish(topic, {all.begin(), all.end()});
    ASSERT_EQ(verdict.kind, Kind::change) << topic;
    EXPECT_EQ(verdict.changes->topic, topic == std::string{"change"} ? "changed/now" : "changed/later");
    EXPECT_EQ(verdict.changes->payload, "changed-1");
    EXPECT_EQ(verdict.changes->qos, mqtt::Qos::at_least_once);
    EXPECT_EQ(verdict.changes->retain, true);
    EXPECT_EQ(verdict.changes->user_properties, 1);
    EXPECT_EQ(as_text(verdict.changes->properties.value()), (content_type + std::string{"\x26\x00\x02" "by\x00\x02-1", 9}));
  }
}

TEST_P(Publishing, IsVetoedWithAReason) {
  const auto verdict = publish("veto");
  EXPECT_EQ(verdict.kind, Kind::refuse);
  EXPECT_EQ(verdict.reason, mqtt::ReasonCode::payload_format_invalid);
  EXPECT_EQ(*verdict.rule, "plugin:p: account?is locked");
}

TEST_P(Publishing, IsRefusedWhereAChangeIsNotPossible) {
  const auto verdict = publish("bad_topic");
  EXPECT_EQ(verdict.kind, Kind::refuse);
  EXPECT_EQ(verdict.reason, mqtt::ReasonCode::implementation_specific_error);
  EXPECT_EQ(recorder_.wait_for("completed"), "1") << "TOMBO_INVALID";
}

TEST_P(Publishing, IsRefusedAtTheDeadline) {
  Awaited<PublishVerdict> later;
  const ClientView publisher = client("c");
  const Publication publication{publisher, "never", {}, mqtt::Qos::at_most_once, false, false, {}};
  ASSERT_EQ(plugins_->events()->on_publish(publication, later.setter()).kind, Kind::pending);
  advance(Milliseconds{5'000});
  EXPECT_EQ(later.wait().kind, Kind::refuse);
}

TEST_P(Publishing, ShowsUserProperties) {
  const std::string user{"\x26\x00\x01k\x00\x01v", 7};
  const std::string two = user + user;
  EXPECT_EQ(publish("properties", {two.begin(), two.end()}).kind, Kind::pass);
  EXPECT_EQ(recorder_.wait_for("properties"), "2");
}

class PublishChains : public PublishTest {};

TEST_F(PublishChains, GiveEachPluginWhatTheOneBeforeMadeOfIt) {
  load({section("a", "scripted", {"suffix=-a"}), section("b", "scripted_concurrent", {"suffix=-b"}), section("c", "scripted")});
  const auto verdict = publish("change");
  ASSERT_EQ(verdict.kind, Kind::change);
  EXPECT_EQ(verdict.changes->topic, "changed/now");
  EXPECT_EQ(verdict.changes->payload, "changed-a");
  EXPECT_EQ(publish("change_later").changes->payload, "changed-a");
  EXPECT_EQ(publish("plain").kind, Kind::pass);
  EXPECT_EQ(publish("veto").kind, Kind::refuse);
  EXPECT_EQ(*publish("veto").rule, "plugin:a: account?is locked");
  plugins_->stop();
  EXPECT_EQ(recorder_.count("completed"), 2U) << "the others did not see the topics 'change' and 'change_later'";
}

TEST_F(PublishChains, EndWithARefusalAtAStop) {
  load({section("a", "scripted"), section("b", "scripted")});
  Awaited<PublishVerdict> later;
  const ClientView publisher = client("c");
  const Publication publication{publisher, "never", {}, mqtt::Qos::at_most_once, false, false, {}};
  ASSERT_EQ(plugins_->events()->on_publish(publication, later.setter()).kind, Kind::pending);
  plugins_->stop();
  EXPECT_EQ(later.wait().kind, Kind::refuse);
}

class Delivering : public PublishTest {
 protected:
  DeliverVerdict deliver(const std::string& topic, std::string& payload) {
    const ClientView to = client("c");
    return plugins_->events()->on_deliver({to, topic, mqtt::bytes_of("original"), mqtt::Qos::at_most_once, false, {}}, payload);
  }
};

TEST_F(Delivering, IsChangedOrDroppedForOneSubscriber) {
  load({section("s", "scripted"), section("a", "scripted_concurrent"), section("b", "scripted_concurrent")});
  ASSERT_TRUE(plugins_->events()->watches_deliver());
  std::string payload;
  EXPECT_EQ(deliver("plain", payload), DeliverVerdict::pass);
  EXPECT_EQ(deliver("secret", payload), DeliverVerdict::drop);
  EXPECT_EQ(deliver("later", payload), DeliverVerdict::drop) << "it must answer at once";
  EXPECT_EQ(deliver("stamp", payload), DeliverVerdict::replace);
  EXPECT_EQ(payload, "stamped");
}

TEST_F(Delivering, IsNotWatchedBySerialPlugins) {
  load({section("s", "scripted")});
  EXPECT_FALSE(plugins_->events()->watches_deliver());
}

}  // namespace
}  // namespace tombo::plugin::test
