#include "unit_bridge/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tombo::test {
namespace {

using config::BridgeVersion;
using mqtt::Qos;
using mqtt::Version;

// What one of the two brokers does not take must not stand in the way of what comes behind it.

class Limits : public testing::TestWithParam<BridgeVersion> {
 protected:
  void start(const VirtualBroker::Setup& here, const VirtualBroker::Setup& there, config::Bridge options) {
    world.add("a", here);
    world.add("b", there);
    options.version = GetParam();
    bridge = &world.bridge("a", options);
    world.settle();
  }
  void publish(const std::string& at, TestClient::Publish message) {
    TestClient client(world.broker(at), Version::v5);
    client.connect("writer-" + at);
    const auto answer = client.publish(message);
    if (message.qos == Qos::exactly_once) client.ack(mqtt::PacketType::pubrel, answer.packet_id);
    client.disconnect();
    world.settle();
  }
  void publish(const std::string& at, const std::string& topic, const std::string& payload, Qos qos) {
    TestClient::Publish message;
    message.topic = topic;
    message.payload = payload;
    message.qos = qos;
    publish(at, message);
  }
  /// How long the payloads are that a broker has for its subscriber.
  std::vector<std::size_t> sizes(TestClient& reader) {
    std::vector<std::size_t> all;
    world.settle();
    for (const auto& publish : reader.publishes()) all.push_back(publish.payload.size());
    return all;
  }

  World world;
  bridge::Bridge* bridge = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Bridge, Limits,
                         testing::Values(BridgeVersion::v3_1, BridgeVersion::v3_1_1, BridgeVersion::v5));

TEST_P(Limits, AMessageThatIsTooLongIsGivenUpAndTheNextOneGoes) {
  auto options = bridge_to("b", {"t/# out 2"});
  options.outgoing_packet_bytes_max = 100;
  start({}, {}, options);
  TestClient reader(world.broker("b"), Version::v5);
  reader.connect("reader");
  reader.subscribe("#", Qos::at_most_once);
  for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once}) {
    publish("a", "t/x", std::string(200, 'x'), qos);
    publish("a", "t/x", "y", qos);
  }
  world.advance(Seconds{2});
  EXPECT_THAT(sizes(reader), testing::ElementsAre(1, 1, 1));
  EXPECT_EQ(world.figures(*bridge).dropped.get(), 3u);
  EXPECT_EQ(world.figures(*bridge).in_flight.get(), 0u);
  EXPECT_EQ(world.line(*bridge).dialed, 1u);
}

/// The limit is that of the whole packet: fixed header, topic, identifier and what 5.0 has besides.
TEST_P(Limits, APacketOfExactlyTheLimitGoes) {
  auto options = bridge_to("b", {"t/# out 1"});
  options.topic_alias_max = 0;
  const std::size_t node = GetParam() == BridgeVersion::v5 ? 1 + 5 + std::string{"tombo-nodenode-a"}.size() : 0;
  const std::size_t around = 2 + 2 + 3 + 2 + node;  // of "t/x" at QoS 1
  options.outgoing_packet_bytes_max = 100;
  start({}, {}, options);
  TestClient reader(world.broker("b"), Version::v5);
  reader.connect("reader");
  reader.subscribe("#", Qos::at_most_once);
  publish("a", "t/x", std::string(100 - around, 'x'), Qos::at_least_once);
  publish("a", "t/x", std::string(100 - around + 1, 'x'), Qos::at_least_once);
  EXPECT_THAT(sizes(reader), testing::ElementsAre(100 - around));
  EXPECT_EQ(world.figures(*bridge).dropped.get(), 1u);
}

TEST_P(Limits, ATopicThatIsTooDeepHereIsNotTakenAndTheNextOneIs) {
  VirtualBroker::Setup here;
  here.options.limits.topic_levels_max = 4;
  start(here, {}, bridge_to("b", {"t/# in 2"}));
  TestClient reader(world.broker("a"), Version::v5);
  reader.connect("reader");
  reader.subscribe("#", Qos::at_most_once);
  for (const Qos qos : {Qos::at_most_once, Qos::at_least_once, Qos::exactly_once}) {
    publish("b", "t/2/3/4/5", "too deep", qos);
    publish("b", "t/2/3/4", "y", qos);
  }
  EXPECT_THAT(sizes(reader), testing::ElementsAre(1, 1, 1));
  EXPECT_EQ(world.figures(*bridge).dropped.get(), 3u);
  EXPECT_EQ(world.line(*bridge).dialed, 1u);
}

/// The other broker would take it for delivered, and nobody here would have it.
TEST_P(Limits, WhatIsNotTakenFromClientsJustNowIsTakenFromABridge) {
  VirtualBroker::Setup here;
  here.options.mqtt.on_queue_full = config::QueueFull::reject_publisher;
  here.options.limits.queue_messages_max = 1;
  start(here, {}, bridge_to("b", {"t/# in 2"}));
  TestClient away(world.broker("a"), Version::v3_1_1);
  TestClient::Connect kept;
  kept.client_id = "away";
  kept.clean_start = false;
  away.connect(kept);
  away.subscribe("#", Qos::at_least_once);
  away.disconnect();
  TestClient reader(world.broker("a"), Version::v5);
  reader.connect("reader");
  reader.subscribe("#", Qos::at_most_once);
  for (const char* payload : {"1", "22", "333"}) publish("b", "t/x", payload, Qos::at_least_once);
  publish("a", "t/x", "4444", Qos::at_least_once);
  EXPECT_THAT(sizes(reader), testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(world.figures(*bridge).dropped.get(), 0u);
}

class LimitsOf5 : public Limits {};
INSTANTIATE_TEST_SUITE_P(Bridge, LimitsOf5, testing::Values(BridgeVersion::v5));

TEST_P(LimitsOf5, AMessageWithTooManyPropertiesIsNotTakenAndTheNextOneIs) {
  VirtualBroker::Setup here;
  here.options.limits.properties_max = 10;
  start(here, {}, bridge_to("b", {"t/# in 2"}));
  TestClient reader(world.broker("a"), Version::v5);
  reader.connect("reader");
  reader.subscribe("#", Qos::at_most_once);
  for (const std::size_t count : {8u, 10u, 11u, 12u, 0u}) {
    TestClient::Publish message;
    message.topic = "t/x";
    message.payload = std::string(count + 1, 'x');
    message.qos = Qos::at_least_once;
    for (std::size_t i = 0; i < count; ++i) message.properties.user("n", "v");
    publish("b", message);
  }
  // The id of the broker that it comes from is a property, too, by which a message of ten has eleven here.
  EXPECT_THAT(sizes(reader), testing::ElementsAre(9, 1));
  EXPECT_EQ(world.figures(*bridge).dropped.get(), 3u);
  EXPECT_EQ(world.line(*bridge).dialed, 1u);
}

}  // namespace
}  // namespace tombo::test
