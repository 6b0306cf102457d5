#include "support/test_client.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::Version;

// covers: 5.0 MQTT-3.3.4-9, MQTT-4.4.0-1
TEST(Redelivery, TheShardRestsWhileAClientWithoutQuotaOwesAcknowledgements) {
  VirtualBroker broker;
  TestClient::Connect keep;
  keep.client_id = "s";
  keep.clean_start = false;
  keep.properties.number(PropertyId::session_expiry_interval, 100);
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(keep);
  subscriber.subscribe("t", Qos::at_least_once);
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  publisher.publish("t", "one", Qos::at_least_once);
  publisher.publish("t", "two", Qos::at_least_once);
  ASSERT_EQ(subscriber.publishes().size(), 2u);
  subscriber.cut();

  keep.properties.number(PropertyId::receive_maximum, 1);
  subscriber.connect(keep);
  const auto first = subscriber.next(PacketType::publish);
  EXPECT_EQ(first.payload, "one");
  for (int i = 0; i < 10; ++i) broker.turn(0);
  EXPECT_TRUE(broker.shard(0).flush_list().empty());
  EXPECT_FALSE(broker.shard(0).has_work());
  EXPECT_TRUE(subscriber.publishes().empty());

  subscriber.ack(PacketType::puback, first.packet_id);
  const auto second = subscriber.publishes();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].payload, "two");
}

}  // namespace tombo::test
