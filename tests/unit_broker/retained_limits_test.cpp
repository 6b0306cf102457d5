#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using broker::Drop;
using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

TEST(RetainedLimits, RefuseANewTopicAndTakeReplacements) {
  VirtualBroker::Setup setup;
  setup.options.limits.retained_messages_max = 2;
  VirtualBroker broker(std::move(setup));
  auto client = connected(broker, "c");
  const auto keep = [&](const char* topic, const char* payload) {
    return client->publish(topic, payload, Qos::at_least_once, true).reason;
  };
  EXPECT_EQ(keep("a", "1"), ReasonCode::no_matching_subscribers);
  EXPECT_EQ(keep("b", "1"), ReasonCode::no_matching_subscribers);
  EXPECT_EQ(keep("c", "1"), ReasonCode::quota_exceeded);
  EXPECT_EQ(keep("a", "2"), ReasonCode::no_matching_subscribers);
  EXPECT_EQ(broker.dropped(Drop::retained_full), 1u);
  EXPECT_EQ(keep("b", ""), ReasonCode::no_matching_subscribers);
  EXPECT_EQ(keep("c", "3"), ReasonCode::no_matching_subscribers);
  client->subscribe("#");
  const auto got = client->publishes();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(broker.core().retained.count(), 2u);
}

TEST(RetainedLimits, HoldByBytes) {
  VirtualBroker::Setup setup;
  setup.options.limits.retained_bytes_max = 100'000;
  VirtualBroker broker(std::move(setup));
  auto client = connected(broker, "c");
  int kept = 0;
  for (int i = 0; i < 40; ++i) {
    const auto puback = client->publish("t/" + std::to_string(i), std::string(5000, 'x'), Qos::at_least_once, true);
    kept += puback.reason == ReasonCode::quota_exceeded ? 0 : 1;
  }
  EXPECT_GT(kept, 10);
  EXPECT_LT(kept, 21);
  EXPECT_LE(broker.core().retained.bytes(), 100'000u);
}

TEST(RetainedLimits, DoNotKeepAnOlderPublishersMessageFromItsSubscribers) {
  VirtualBroker::Setup setup;
  setup.options.limits.retained_messages_max = 1;
  VirtualBroker broker(std::move(setup));
  auto reader = connected(broker, "r");
  reader->subscribe("#");
  auto older = connected(broker, "o", Version::v3_1_1);
  older->publish("a", "1", Qos::at_least_once, true);
  EXPECT_EQ(older->publish("b", "2", Qos::at_least_once, true).type, PacketType::puback);
  EXPECT_EQ(payloads(*reader), "1 2");
  EXPECT_EQ(broker.dropped(Drop::retained_full), 1u);
}

TEST(RetainedExpiry, RemovesMessagesWithTimeAndCountsTheRestDown) {
  VirtualBroker broker;
  auto publisher = connected(broker, "p");
  for (const std::uint32_t expiry : {10u, 100u}) {
    TestClient::Publish publish;
    publish.topic = "t/" + std::to_string(expiry);
    publish.payload = "x";
    publish.retain = true;
    publish.properties.number(PropertyId::message_expiry_interval, expiry);
    publisher->publish(std::move(publish));
  }
  broker.advance(Seconds{30});
  EXPECT_EQ(broker.core().retained.count(), 1u);
  auto reader = connected(broker, "r");
  reader->subscribe("t/#");
  const auto got = reader->publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].number(PropertyId::message_expiry_interval), 70u);
}

TEST(RetainedBatch, AHundredThousandMessagesHoldUpNobody) {
  VirtualBroker broker;
  auto publisher = connected(broker, "p", Version::v3_1_1);
  for (int i = 0; i < 100'000; ++i) {
    mqtt::WriteBatch batch;
    const std::string topic = "r/" + std::to_string(i % 300) + "/" + std::to_string(i);
    mqtt::MessageParts parts;
    parts.topic = topic;
    parts.payload = mqtt::bytes_of("x");
    parts.retain = true;
    broker.core().retained.store(mqtt::Message::create(parts));
  }
  auto reader = connected(broker, "r", Version::v3_1_1);
  auto other = connected(broker, "o", Version::v3_1_1);
  reader->send_only(std::vector<std::uint8_t>{0x82, 0x06, 0x00, 0x01, 0x00, 0x01, '#', 0x00});
  std::size_t got = 0;
  std::size_t turns = 0;
  std::size_t most = 0;
  while (got < 100'000 && turns < 5000) {
    other->send_only(std::vector<std::uint8_t>{0xC0, 0x00});
    broker.turn(0);
    ++turns;
    ASSERT_EQ(other->next().type, PacketType::pingresp) << "turn " << turns;
    std::size_t now = 0;
    while (reader->next(PacketType::publish).type == PacketType::publish) ++now;
    most = std::max(most, now);
    got += now;
  }
  EXPECT_EQ(got, 100'000u);
  EXPECT_LE(most, broker.options().limits.retained_batch);
}

TEST(RetainedBatch, GoesOnByItselfWhenTheOutputLimitStoppedIt) {
  VirtualBroker::Setup setup;
  setup.options.limits.output_bytes_max = 5000;
  VirtualBroker broker(std::move(setup));
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 500; ++i) publisher->publish("r/" + std::to_string(i), std::string(1500, 'x'), Qos::at_most_once, true);
  auto reader = connected(broker, "r");
  reader->subscribe("#");
  EXPECT_EQ(reader->publishes().size(), 500u);
}

TEST(RetainedBatch, WaitsForASlowReaderWithoutFillingItsQueue) {
  VirtualBroker::Setup setup;
  setup.options.limits.output_bytes_max = 5000;
  setup.options.limits.queue_messages_max = 200;
  VirtualBroker broker(std::move(setup));
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 1000; ++i) publisher->publish("r/" + std::to_string(i), std::string(500, 'x'), Qos::at_least_once, true);
  auto reader = connected(broker, "r");
  reader->connection().stall(true);
  reader->subscribe("#", Qos::at_least_once);
  EXPECT_LE(broker.core().sum(&broker::ShardCounters::messages_queued), 100u);
  reader->connection().stall(false);
  broker.settle();
  std::size_t got = 0;
  for (auto some = reader->publishes(); !some.empty(); some = reader->publishes()) {
    got += some.size();
    for (const auto& publish : some) reader->ack(PacketType::puback, publish.packet_id);
  }
  EXPECT_EQ(got, 1000u);
  EXPECT_EQ(broker.dropped(Drop::queue_full), 0u);
}

TEST(RetainedBatch, EndsWithItsClient) {
  VirtualBroker broker;
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 1000; ++i) publisher->publish("r/" + std::to_string(i), "x", Qos::at_most_once, true);
  auto reader = connected(broker, "r");
  reader->send_only(std::vector<std::uint8_t>{0x82, 0x07, 0x00, 0x01, 0x00, 0x00, 0x01, '#', 0x00});
  broker.turn(0);
  reader->cut();
  EXPECT_FALSE(broker.shard(0).has_work());
}

namespace {
/// Subscribes to everything and goes away before it has taken what is retained.
void subscribe_and_leave(VirtualBroker& broker, Qos qos) {
  TestClient reader(broker, Version::v5);
  reader.connect(lasting("r"));
  reader.connection().stall(true);
  reader.subscribe("#", qos);
  reader.cut();
}

std::size_t taken_after_return(VirtualBroker& broker) {
  TestClient back(broker, Version::v5);
  back.connect(lasting("r"));
  std::size_t got = 0;
  for (auto some = back.publishes(); !some.empty(); some = back.publishes()) {
    got += some.size();
    for (const auto& publish : some) {
      if (publish.qos == Qos::at_least_once) back.ack(PacketType::puback, publish.packet_id);
    }
  }
  return got;
}
}  // namespace

// [MQTT-3.3.1-9]
TEST(RetainedBatch, WaitsForASessionThatGoesAwayMeanwhile) {
  VirtualBroker::Setup setup;
  setup.options.limits.output_bytes_max = 5000;
  VirtualBroker broker(std::move(setup));
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 300; ++i) publisher->publish("r/" + std::to_string(i), std::string(500, 'x'), Qos::at_least_once, true);
  subscribe_and_leave(broker, Qos::at_least_once);
  EXPECT_EQ(taken_after_return(broker), 300u);
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::messages_queued), 0u);
}

TEST(RetainedBatch, ForASessionAwayStopsAtItsQueueLimitAndKeepsNothingAtQos0) {
  VirtualBroker::Setup setup;
  setup.options.limits.output_bytes_max = 5000;
  setup.options.limits.queue_messages_max = 40;
  VirtualBroker broker(std::move(setup));
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 300; ++i) publisher->publish("r/" + std::to_string(i), std::string(500, 'x'), Qos::at_least_once, true);
  subscribe_and_leave(broker, Qos::at_least_once);
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::messages_queued), 40u);
  EXPECT_EQ(broker.dropped(Drop::queue_full), 0u);
  publisher->publish("r/0", "", Qos::at_least_once, true);
  subscribe_and_leave(broker, Qos::at_most_once);
  EXPECT_LE(broker.core().sum(&broker::ShardCounters::messages_queued), 40u);
}

}  // namespace tombo::test
