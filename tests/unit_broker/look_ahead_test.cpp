#include "broker/look_ahead.hpp"
#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tombo::test {
namespace {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Version;
using Bytes = std::vector<std::uint8_t>;

Bytes publish_packet(const std::string& topic, const std::string& payload, std::uint8_t alias = 0) {
  Bytes packet{0x30, 0, 0, static_cast<std::uint8_t>(topic.size())};
  packet.insert(packet.end(), topic.begin(), topic.end());
  if (alias == 0) {
    packet.push_back(0);
  } else {
    packet.insert(packet.end(), {3, 0x23, 0, alias});
  }
  packet.insert(packet.end(), payload.begin(), payload.end());
  packet[1] = static_cast<std::uint8_t>(packet.size() - 2);
  return packet;
}

Bytes subscribe_packet(std::uint8_t id, const std::string& filter) {
  Bytes packet{0x82, 0, 0, id, 0, 0, static_cast<std::uint8_t>(filter.size())};
  packet.insert(packet.end(), filter.begin(), filter.end());
  packet.push_back(0);
  packet[1] = static_cast<std::uint8_t>(packet.size() - 2);
  return packet;
}

/// What everybody got of some packets, and whether the sender was thrown out.
struct Outcome {
  std::vector<std::string> watcher;
  std::vector<std::string> sender;
  bool closed = false;
  bool operator==(const Outcome&) const = default;
};

std::vector<std::string> texts_of(TestClient& client) {
  std::vector<std::string> texts;
  for (const auto& got : client.publishes()) texts.push_back(got.topic + "=" + got.payload);
  return texts;
}

/// Sends the packets with one write, or each with its own, into a tree that is large or not, to a watcher on the same
/// shard or another.
Outcome run(const std::vector<Bytes>& packets, bool together, bool large, bool remote) {
  VirtualBroker broker(setup_of(2));
  if (large) {
    for (std::size_t i = 0; i < broker::LookAhead::kFiltersMin; ++i) {
      broker.core().tree.add_shard("fill/" + std::to_string(i), 0);
    }
  }
  TestClient watcher(broker, Version::v5);
  TestClient sender(broker, Version::v5);
  place_next(broker, remote ? 1 : 0);
  EXPECT_EQ(watcher.connect("watcher").type, PacketType::connack);
  place_next(broker, 0);
  EXPECT_EQ(sender.connect("sender").type, PacketType::connack);
  for (const char* filter : {"a/+", "b/#", "exact"}) watcher.subscribe(filter);
  if (together) {
    for (const auto& packet : packets) sender.send_only(packet);
    sender.send({});
  } else {
    for (const auto& packet : packets) sender.send(packet);
  }
  Outcome outcome;
  outcome.closed = sender.closed();
  outcome.watcher = texts_of(watcher);
  outcome.sender = texts_of(sender);
  return outcome;
}

/// The same whichever way they come; returns it.
Outcome same_outcome(const std::vector<Bytes>& packets) {
  const Outcome expected = run(packets, false, false, false);
  for (int ways = 1; ways < 8; ++ways) {
    EXPECT_EQ(run(packets, (ways & 1) != 0, (ways & 2) != 0, (ways & 4) != 0), expected) << ways;
  }
  return expected;
}

std::vector<Bytes> many(std::size_t count) {
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < count; ++i) {
    static const char* const kTopics[] = {"a/1", "b/2/3", "exact", "nobody", "b"};
    packets.push_back(publish_packet(kTopics[i % 5], std::to_string(i)));
  }
  return packets;
}

TEST(LookAhead, DeliversEveryMessageOfALongRunInOrder) {
  EXPECT_EQ(same_outcome(many(100)).watcher.size(), 80u);
}

TEST(LookAhead, GoesOnBehindAliases) {
  auto packets = many(10);
  packets.insert(packets.begin() + 2, publish_packet("a/alias", "set", 1));
  packets.insert(packets.begin() + 5, publish_packet("", "used", 1));
  packets.insert(packets.begin() + 6, publish_packet("", "again", 1));
  const auto outcome = same_outcome(packets);
  EXPECT_EQ(outcome.watcher.size(), 11u);
  EXPECT_FALSE(outcome.closed);
}

TEST(LookAhead, SeesASubscriptionThatTheSenderMakesBetweenItsMessages) {
  auto packets = many(4);
  packets.push_back(subscribe_packet(1, "nobody"));
  packets.push_back({0xC0, 0x00});
  packets.push_back(publish_packet("nobody", "mine"));
  packets.push_back(publish_packet("nobody", "mine too"));
  EXPECT_EQ(same_outcome(packets).sender, (std::vector<std::string>{"nobody=mine", "nobody=mine too"}));
}

// covers: 5.0 MQTT-4.13.1-1
TEST(LookAhead, HandlesNothingBehindAMalformedPacket) {
  for (const Bytes& bad :
       {publish_packet("a/#", "wildcard"), Bytes{0x30, 0x03, 0x00, 0x09, 'a'}, Bytes{0x30, 0x01, 0x00},
        Bytes{0x36, 0x05, 0x00, 0x01, 'a', 0x00, 0x01}, publish_packet("", "unknown alias", 3)}) {
    auto packets = many(10);
    packets.insert(packets.begin() + 3, bad);
    const auto outcome = same_outcome(packets);
    EXPECT_TRUE(outcome.closed);
    EXPECT_EQ(outcome.watcher.size(), 3u);
  }
}

TEST(LookAhead, HandlesNothingBehindADisconnect) {
  auto packets = many(10);
  packets.insert(packets.begin() + 5, Bytes{0xE0, 0x00});
  const auto outcome = same_outcome(packets);
  EXPECT_TRUE(outcome.closed);
  EXPECT_EQ(outcome.watcher.size(), 4u);
}

// covers: 5.0 MQTT-3.8.4-3
TEST(Subscription, MadeAnewDeliversOnTheNewTerms) {
  VirtualBroker broker;
  TestClient client(broker, Version::v5);
  ASSERT_EQ(client.connect("c").type, PacketType::connack);
  client.subscribe("t", Qos::at_most_once);
  client.subscribe("u", Qos::at_least_once);
  mqtt::SubscribeOptions options;
  options.qos = Qos::at_least_once;
  options.retain_as_published = true;
  client.subscribe("t", options, 77);
  client.drop_received();
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  publisher.publish("t", "x", Qos::at_least_once, true);
  const auto got = client.publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].qos, Qos::at_least_once);
  EXPECT_TRUE(got[0].retain);
  EXPECT_EQ(got[0].subscription_ids(), std::vector<std::uint32_t>{77});
}

}  // namespace
}  // namespace tombo::test
