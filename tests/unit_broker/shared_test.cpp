#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace tombo::test {

using config::ShareStrategy;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
constexpr const char* kGroup = "$share/g/t/#";

VirtualBroker::Setup strategy(ShareStrategy chosen, unsigned shards = 1) {
  auto setup = setup_of(shards);
  setup.options.mqtt.share_strategy = chosen;
  return setup;
}

struct Members {
  Members(VirtualBroker& broker, int count, unsigned shards = 1) {
    for (int i = 0; i < count; ++i) {
      const auto shard = static_cast<routing::ShardId>(static_cast<unsigned>(i) % shards);
      all.push_back(connected_on(broker, shard, "m" + std::to_string(i)));
      all.back()->subscribe(kGroup, Qos::exactly_once);
    }
  }
  std::vector<std::size_t> counts() {
    std::vector<std::size_t> result;
    for (auto& member : all) result.push_back(member->publishes().size());
    return result;
  }
  std::vector<std::unique_ptr<TestClient>> all;
};
std::size_t sum(const std::vector<std::size_t>& counts) {
  std::size_t total = 0;
  for (const auto count : counts) total += count;
  return total;
}
}  // namespace

// covers: 5.0 MQTT-4.8.2-3
TEST(SharedGroups, EveryStrategyGivesEachMessageToOneMemberAcrossShards) {
  for (const auto chosen : {ShareStrategy::round_robin, ShareStrategy::random, ShareStrategy::sticky,
                            ShareStrategy::least_in_flight, ShareStrategy::hash_client, ShareStrategy::hash_topic}) {
    VirtualBroker broker(strategy(chosen, 3));
    Members members(broker, 6, 3);
    auto publisher = connected_on(broker, 0, "p");
    for (int i = 0; i < 300; ++i) publisher->publish("t/" + std::to_string(i), "x");
    const auto counts = members.counts();
    EXPECT_EQ(sum(counts), 300u);
    const auto busiest = *std::max_element(counts.begin(), counts.end());
    switch (chosen) {
      case ShareStrategy::round_robin: EXPECT_EQ(busiest, 50u); break;
      case ShareStrategy::sticky:
      case ShareStrategy::hash_client: EXPECT_EQ(busiest, 300u); break;
      default: EXPECT_LT(busiest, 120u);
    }
  }
}

TEST(SharedGroups, HashTopicKeepsATopicWithItsMember) {
  VirtualBroker broker(strategy(ShareStrategy::hash_topic, 2));
  Members members(broker, 4, 2);
  auto publisher = connected_on(broker, 0, "p");
  for (int i = 0; i < 200; ++i) publisher->publish("t/" + std::to_string(i % 20), "x");
  std::set<std::string> seen;
  for (auto& member : members.all) {
    std::set<std::string> topics;
    for (const auto& publish : member->publishes()) topics.insert(publish.topic);
    for (const auto& topic : topics) EXPECT_TRUE(seen.insert(topic).second) << topic;
  }
  EXPECT_EQ(seen.size(), 20u);
}

TEST(SharedGroups, LeastInFlightSparesTheOneThatDoesNotAcknowledge) {
  VirtualBroker broker(strategy(ShareStrategy::least_in_flight));
  Members members(broker, 2);
  auto publisher = connected(broker, "p");
  std::size_t lazy = 0;
  for (int i = 0; i < 50; ++i) {
    publisher->publish("t/x", "x", Qos::at_least_once);
    lazy += members.all[0]->publishes().size();
    for (const auto& got : members.all[1]->publishes()) members.all[1]->ack(PacketType::puback, got.packet_id);
  }
  EXPECT_LE(lazy, 2u);
}

// covers: 5.0 MQTT-4.8.2-6
TEST(SharedGroups, AMemberThatGoesAwayHandsOnWhatItHadNotAcknowledged) {
  for (const unsigned shards : {1u, 2u}) {
    for (const bool session_stays : {false, true}) {
      VirtualBroker broker(strategy(ShareStrategy::sticky, shards));
      place_next(broker, 0);
      TestClient first(broker, Version::v5);
      first.connect(lasting("first", session_stays ? 100 : 0));
      first.subscribe(kGroup, Qos::at_least_once);
      auto publisher = connected_on(broker, 0, "p");
      for (const auto* text : {"1", "2", "3"}) publisher->publish("t/x", text, Qos::at_least_once);
      const auto got = first.publishes();
      ASSERT_EQ(got.size(), 3u);
      first.ack(PacketType::puback, got[0].packet_id);
      auto second = connected_on(broker, static_cast<routing::ShardId>(shards - 1), "second");
      second->subscribe(kGroup, Qos::at_least_once);
      first.cut();
      EXPECT_EQ(payloads(*second), "2 3");
      publisher->publish("t/x", "4", Qos::at_least_once);
      EXPECT_EQ(payloads(*second), "4");
      first.connect(lasting("first"));
      EXPECT_EQ(payloads(first), "");
    }
  }
}

// covers: 5.0 MQTT-4.8.2-4, 5.0 MQTT-4.8.2-5
TEST(SharedGroups, ABegunQos2DeliveryStaysWithItsMemberAndAQueuedOneGoesOn) {
  auto setup = strategy(ShareStrategy::sticky);
  setup.options.limits.in_flight_max = 1;
  VirtualBroker broker(std::move(setup));
  TestClient first(broker, Version::v5);
  first.connect(lasting("first", 100));
  first.subscribe(kGroup, Qos::exactly_once);
  auto publisher = connected(broker, "p");
  publisher->publish_exactly_once("t/x", "begun");
  publisher->publish_exactly_once("t/x", "queued");
  auto second = connected(broker, "second");
  second->subscribe(kGroup, Qos::exactly_once);
  first.cut();
  EXPECT_EQ(payloads(*second), "queued");
  first.connect(lasting("first", 100));
  EXPECT_EQ(payloads(first), "begun");
}

TEST(SharedGroups, MessagesWaitForAnOfflineMemberOnlyIfNobodyElseIsThere) {
  VirtualBroker broker(strategy(ShareStrategy::round_robin));
  leave_session(broker, "away", kGroup);
  auto publisher = connected(broker, "p");
  publisher->publish("t/x", "1", Qos::at_least_once);
  auto here = connected(broker, "here");
  here->subscribe(kGroup, Qos::at_least_once);
  for (const auto* text : {"2", "3", "4"}) publisher->publish("t/x", text, Qos::at_least_once);
  EXPECT_EQ(payloads(*here), "2 3 4");
  TestClient back(broker, Version::v5);
  back.connect(lasting("away"));
  EXPECT_EQ(payloads(back), "1");
}

TEST(SharedGroups, ALetterToAMemberThatLeftMeanwhileGoesToAnother) {
  VirtualBroker broker(strategy(ShareStrategy::sticky, 2));
  auto gone = connected_on(broker, 1, "gone");
  gone->subscribe(kGroup, Qos::at_least_once);
  auto publisher = connected_on(broker, 0, "p");
  publisher->publish("t/x", "stick", Qos::at_least_once);
  gone->ack(PacketType::puback, gone->publishes().at(0).packet_id);
  auto other = connected_on(broker, 0, "other");
  other->subscribe(kGroup, Qos::at_least_once);
  // The member's connection ends after it was picked and before its shard reads the letter.
  publisher->send_only(std::vector<std::uint8_t>{0x32, 0x09, 0x00, 0x03, 't', '/', 'x', 0x00, 0x63, 0x00, 'L'});
  broker.core().mailbox(1).post_call([](broker::Shard& shard) { shard.disconnect_all(ReasonCode::server_shutting_down); });
  broker.turn(0);
  ASSERT_GT(broker.core().mailbox(1).bytes(), 0u);
  broker.settle();
  EXPECT_EQ(payloads(*other), "L");
}

TEST(SharedGroups, ALetterToTheLastMemberThatLeftIsCounted) {
  VirtualBroker broker(strategy(ShareStrategy::sticky, 2));
  auto gone = connected_on(broker, 1, "gone");
  gone->subscribe(kGroup, Qos::at_least_once);
  auto publisher = connected_on(broker, 0, "p");
  publisher->send_only(std::vector<std::uint8_t>{0x32, 0x09, 0x00, 0x03, 't', '/', 'x', 0x00, 0x63, 0x00, 'L'});
  broker.core().mailbox(1).post_call([&](broker::Shard& shard) { shard.disconnect_all(ReasonCode::server_shutting_down); });
  broker.turn(0);
  broker.settle();
  EXPECT_EQ(broker.dropped(broker::Drop::no_member), 1u);
}

TEST(SharedGroups, UnsubscribingEndsMembershipAndTheSameFilterPlainGetsItsOwnCopy) {
  VirtualBroker broker(strategy(ShareStrategy::round_robin));
  auto client = connected(broker, "c");
  client->subscribe(kGroup);
  client->subscribe("t/#");
  auto publisher = connected(broker, "p");
  publisher->publish("t/x", "x");
  EXPECT_EQ(client->publishes().size(), 2u);
  EXPECT_EQ(client->unsubscribe(kGroup).codes[0], ReasonCode::success);
  EXPECT_EQ(client->unsubscribe(kGroup).codes[0], ReasonCode::no_subscription_existed);
  publisher->publish("t/x", "x");
  EXPECT_EQ(client->publishes().size(), 1u);
}

}  // namespace tombo::test
