#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using broker::Drop;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
constexpr std::uint64_t kCeiling = 1'000'000;

VirtualBroker::Setup ceiling(unsigned shards = 1) {
  auto setup = setup_of(shards);
  setup.options.limits.memory_bytes_max = kCeiling;
  setup.options.limits.output_bytes_max = 1000;
  return setup;
}
/// Messages for a session that is away, until so many percent of the ceiling are held.
void fill(VirtualBroker& broker, TestClient& publisher, std::uint64_t percent) {
  while (broker.core().memory_used() * 100 < kCeiling * percent) {
    publisher.publish("away", std::string(10'000, 'x'), Qos::at_least_once);
  }
}
}  // namespace

TEST(MemoryCeiling, GivesUpQos0ForSlowReadersFirst) {
  VirtualBroker broker(ceiling());
  leave_session(broker, "away", "away");
  auto slow = connected(broker, "slow");
  auto quick = connected(broker, "quick");
  slow->subscribe("t", Qos::at_most_once);
  quick->subscribe("t", Qos::at_most_once);
  auto publisher = connected(broker, "p");
  fill(broker, *publisher, 82);
  slow->connection().stall(true);
  for (int i = 0; i < 20; ++i) publisher->publish("t", std::string(500, 'x'));
  EXPECT_GT(broker.dropped(Drop::slow_reader_qos0), 10u);
  EXPECT_EQ(quick->publishes().size(), 20u);
  // Nothing else is refused yet.
  EXPECT_EQ(connected(broker, "new")->publish("away", "x", Qos::at_least_once).reason, ReasonCode::success);
}

TEST(MemoryCeiling, ThenRefusesConnections) {
  VirtualBroker broker(ceiling());
  leave_session(broker, "away", "away");
  auto publisher = connected(broker, "p");
  fill(broker, *publisher, 92);
  TestClient fresh(broker, Version::v5);
  EXPECT_EQ(fresh.connect("new").reason, ReasonCode::quota_exceeded);
  EXPECT_TRUE(fresh.closed());
  TestClient old(broker, Version::v3_1_1);
  EXPECT_EQ(static_cast<int>(old.connect("old").reason), 3);  // server unavailable
  EXPECT_EQ(publisher->publish("away", "x", Qos::at_least_once).reason, ReasonCode::success);
}

TEST(MemoryCeiling, LetsThoseInWhoTakeTheirMessagesAway) {
  VirtualBroker broker(ceiling());
  leave_session(broker, "away", "away");
  auto publisher = connected(broker, "p");
  fill(broker, *publisher, 92);
  TestClient back(broker, Version::v5);
  EXPECT_EQ(back.connect(lasting("away")).reason, ReasonCode::success);
  for (auto got = back.publishes(); !got.empty(); got = back.publishes()) {
    for (const auto& publish : got) back.ack(PacketType::puback, publish.packet_id);
  }
  EXPECT_EQ(broker.core().memory_used(), 0u);
  TestClient fresh(broker, Version::v5);
  EXPECT_EQ(fresh.connect("new").reason, ReasonCode::success);
}

TEST(MemoryCeiling, AtLastRefusesMessages) {
  VirtualBroker broker(ceiling());
  leave_session(broker, "away", "away");
  auto publisher = connected(broker, "p");
  auto reader = connected(broker, "reader");
  reader->subscribe("t", Qos::at_least_once);
  fill(broker, *publisher, 100);
  EXPECT_EQ(publisher->publish("t", "x", Qos::at_least_once).reason, ReasonCode::quota_exceeded);
  EXPECT_EQ(publisher->publish("t", "x", Qos::exactly_once).reason, ReasonCode::quota_exceeded);
  publisher->publish("t", "x", Qos::at_most_once);
  EXPECT_EQ(payloads(*reader), "");
  EXPECT_EQ(broker.dropped(Drop::memory), 3u);
  EXPECT_LT(broker.core().memory_used(), kCeiling + 20'000);
}

TEST(MemoryCeiling, EndsConnectionsThatAreHalfWayThroughALargePacket) {
  VirtualBroker broker(ceiling());
  leave_session(broker, "away", "away");
  auto publisher = connected(broker, "p");
  auto large = connected(broker, "large");
  auto small = connected(broker, "small");
  fill(broker, *publisher, 100);
  // PUBLISH that claims 200,000 bytes and brings 100,000, and one that brings a few.
  std::vector<std::uint8_t> half{0x30, 0xC0, 0x9A, 0x0C, 0x00, 0x01, 't'};
  small->send(half);
  half.resize(100'000, 'x');
  large->send(half);
  EXPECT_EQ(large->next(PacketType::disconnect).reason, ReasonCode::quota_exceeded);
  EXPECT_TRUE(large->closed());
  EXPECT_FALSE(small->closed());
}

TEST(MemoryCeiling, DoesNotReadOlderClientsUntilThereIsRoom) {
  VirtualBroker broker(ceiling(2));
  place_next(broker, 0);
  leave_session(broker, "away", "away");
  auto filler = connected_on(broker, 0, "f");
  auto reader = connected_on(broker, 0, "reader");
  reader->subscribe("t");
  auto older = connected_on(broker, 1, "older", Version::v3_1_1);
  fill(broker, *filler, 100);
  // The first has been sent already and goes; what follows waits.
  EXPECT_EQ(older->publish("t", "1", Qos::at_least_once).type, PacketType::puback);
  EXPECT_EQ(older->publish("t", "2", Qos::at_least_once).type, PacketType::reserved);
  EXPECT_EQ(payloads(*reader), "1");
  TestClient back(broker, Version::v5);
  back.connect("away", true);  // the session and its queue end... if it is let in
  broker.settle();
  EXPECT_EQ(older->next(PacketType::puback).type, PacketType::puback);
  EXPECT_EQ(payloads(*reader), "2");
}

TEST(MemoryCeiling, AShardWithClientsThatWaitForRoomLooksAgainByItself) {
  // Room is made on another shard, and nobody writes a letter about it.
  VirtualBroker broker(ceiling(2));
  place_next(broker, 0);
  leave_session(broker, "away", "away");
  auto filler = connected_on(broker, 0, "f");
  auto older = connected_on(broker, 1, "older", Version::v3_1_1);
  fill(broker, *filler, 100);
  ASSERT_EQ(older->publish("t", "1", Qos::at_least_once).type, PacketType::puback);
  EXPECT_LE(broker.shard(1).next_due(), broker.clock.mono() + Seconds{1});
}

}  // namespace tombo::test
