#include "support/test_client.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Version;

TEST(FirstLight, AMessageReachesASubscriberOfEveryVersionAtEveryQos) {
  for (const auto version : {Version::v3_1, Version::v3_1_1, Version::v5}) {
    VirtualBroker broker;
    TestClient subscriber(broker, version);
    TestClient publisher(broker, version);
    ASSERT_EQ(subscriber.connect("s").type, PacketType::connack);
    ASSERT_EQ(publisher.connect("p").type, PacketType::connack);
    ASSERT_EQ(subscriber.subscribe("a/#", Qos::exactly_once).codes.size(), 1u);
    publisher.publish("a/0", "zero");
    EXPECT_EQ(publisher.publish("a/1", "one", Qos::at_least_once).type, PacketType::puback);
    publisher.publish_exactly_once("a/2", "two");
    const auto got = subscriber.publishes();
    ASSERT_EQ(got.size(), 3u);
    EXPECT_EQ(got[0].payload, "zero");
    EXPECT_EQ(got[1].qos, Qos::at_least_once);
    EXPECT_EQ(got[2].topic, "a/2");
  }
}

TEST(FirstLight, AMessageCrossesShards) {
  VirtualBroker::Setup setup;
  setup.shards = 3;
  setup.options.placement = config::Placement::hash;
  VirtualBroker broker(std::move(setup));
  std::vector<std::unique_ptr<TestClient>> subscribers;
  for (int i = 0; i < 9; ++i) {
    subscribers.push_back(std::make_unique<TestClient>(broker, Version::v5));
    ASSERT_EQ(subscribers.back()->connect("s" + std::to_string(i)).type, PacketType::connack);
    subscribers.back()->subscribe("t", Qos::at_least_once);
  }
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  publisher.publish("t", "x", Qos::at_least_once);
  bool crossed = false;
  for (auto& subscriber : subscribers) {
    EXPECT_EQ(subscriber->publishes().size(), 1u);
    crossed = crossed || subscriber->connection().shard() != publisher.connection().shard();
  }
  EXPECT_TRUE(crossed);
}

}  // namespace tombo::test
