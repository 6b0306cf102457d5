#include "conformance/v5b_cases.hpp"

#include "support/wire_text.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class Ordered : public AtVersion {
 protected:
  void SetUp() override {
    stay(subscriber, "s");
    publisher.connect("p");
  }
  /// PUBLISH as text for wire(), without the first byte.
  std::string publish_packet(unsigned id) const {
    return " ## <t> " + hex(id >> 8) + " " + hex(id & 0xFF) + only_v5("[ ]") + "'x'";
  }
  void send_all(TestClient& who, const std::vector<std::string>& packets) {
    for (const auto& packet : packets) who.send_only(wire(packet));
    broker.settle();
  }
  TestClient subscriber{broker, GetParam()};
  TestClient publisher{broker, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Versions, Ordered, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-4.5.0-1, 3.1.1 MQTT-4.5.0-1, 3.1.1 MQTT-3.1.2-5
TEST_P(Ordered, EverySessionWithAMatchingSubscriptionGetsTheMessage) {
  const std::string filters[] = {"a/b", "a/+", "a/#", "#", "+/b"};
  std::vector<TestClient> online;
  std::vector<TestClient> offline;
  for (const auto& filter : filters) {
    online.emplace_back(broker, GetParam());
    stay(online.back(), "on " + filter);
    online.back().subscribe(filter, Qos::exactly_once);
    offline.emplace_back(broker, GetParam());
    stay(offline.back(), "off " + filter);
    offline.back().subscribe(filter, Qos::exactly_once);
    offline.back().cut();
  }
  stay(subscriber, "elsewhere");
  subscriber.subscribe("a/c", Qos::exactly_once);
  publisher.publish("a/b", "1", Qos::at_least_once);
  publisher.publish("a/b", "2", Qos::exactly_once);
  for (std::size_t i = 0; i < std::size(filters); ++i) {
    SCOPED_TRACE(filters[i]);
    EXPECT_THAT(payloads(online[i]), ElementsAre("1", "2"));
    EXPECT_TRUE(stay(offline[i], "off " + filters[i]).session_present);
    EXPECT_THAT(payloads(offline[i]), ElementsAre("1", "2"));
  }
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.6.0-1, 3.1.1 MQTT-4.6.0-1
TEST_P(Ordered, WhatIsSentAgainKeepsItsOrder) {
  subscriber.subscribe("t", Qos::exactly_once);
  for (int i = 0; i < 40; ++i) {
    publisher.publish("t", std::to_string(i), i % 3 == 0 ? Qos::exactly_once : Qos::at_least_once);
  }
  auto expected = subscriber.publishes();
  ASSERT_THAT(expected, SizeIs(40));
  // Holes must not disturb it.
  for (const std::size_t acked : {30u, 7u, 1u}) {
    const auto type = expected[acked].qos == Qos::at_least_once ? PacketType::puback : PacketType::pubrec;
    subscriber.ack(type, expected[acked].packet_id);
    if (type == PacketType::pubrec) {
      subscriber.next(PacketType::pubrel);
      subscriber.ack(PacketType::pubcomp, expected[acked].packet_id);
    }
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(acked));
  }
  subscriber.cut();
  publisher.publish("t", "later", Qos::at_least_once);
  stay(subscriber, "s");
  const auto again = subscriber.publishes();
  auto payloads_wanted = payloads_of(expected);
  payloads_wanted.push_back("later");
  EXPECT_EQ(payloads_of(again), payloads_wanted);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(again[i].packet_id, expected[i].packet_id);
}

// covers: 5.0 MQTT-4.6.0-2, 3.1.1 MQTT-4.6.0-2
TEST_P(Ordered, PubacksComeInTheOrderOfThePublishes) {
  const std::vector<mqtt::PacketId> ids = {5, 3, 65535, 1, 9, 2};
  std::vector<std::string> packets;
  for (const auto id : ids) packets.push_back("32" + publish_packet(id));
  send_all(publisher, packets);
  EXPECT_EQ(ids_of(all_of_type(publisher, PacketType::puback)), ids);
}

// covers: 5.0 MQTT-4.6.0-3, 3.1.1 MQTT-4.6.0-3
TEST_P(Ordered, PubrecsComeInTheOrderOfThePublishes) {
  const std::vector<mqtt::PacketId> ids = {5, 3, 65535, 1, 9, 2};
  std::vector<std::string> packets;
  for (const auto id : ids) packets.push_back("34" + publish_packet(id));
  send_all(publisher, packets);
  EXPECT_EQ(ids_of(all_of_type(publisher, PacketType::pubrec)), ids);
}

// covers: 5.0 MQTT-4.6.0-4, 3.1.1 MQTT-4.6.0-4
TEST_P(Ordered, PubrelsComeInTheOrderOfThePubrecs) {
  subscriber.subscribe("t", Qos::exactly_once);
  for (int i = 0; i < 6; ++i) publisher.publish_exactly_once("t", "x");
  auto ids = ids_of(subscriber.publishes());
  ASSERT_THAT(ids, SizeIs(6));
  std::swap(ids[0], ids[4]);
  std::swap(ids[1], ids[2]);
  std::vector<std::string> packets;
  for (const auto id : ids) packets.push_back("50 02 " + hex(id >> 8) + " " + hex(id & 0xFF));
  send_all(subscriber, packets);
  EXPECT_EQ(ids_of(all_of_type(subscriber, PacketType::pubrel)), ids);
}

// covers: 5.0 MQTT-4.6.0-5, 5.0 MQTT-4.6.0-6, 3.1.1 MQTT-4.6.0-5, 3.1.1 MQTT-4.6.0-6
TEST_P(Ordered, AThousandMessagesArriveInOrderAtEachQos) {
  for (const auto qos : kEveryQos) {
    const std::string topic = "numbers/" + std::to_string(static_cast<int>(qos));
    subscriber.subscribe(topic, qos);
    std::vector<std::string> sent;
    std::vector<std::string> got;
    for (int i = 0; i < 1000; ++i) {
      sent.push_back(std::to_string(i));
      if (qos == Qos::exactly_once) {
        publisher.publish_exactly_once(topic, sent.back());
      } else {
        publisher.publish(topic, sent.back(), qos);
      }
      if (i == 600 && qos != Qos::at_most_once) stay(subscriber, "s");
      for (const auto& one : subscriber.publishes()) {
        got.push_back(one.payload);
        if (qos == Qos::at_least_once) subscriber.ack(PacketType::puback, one.packet_id);
        if (qos == Qos::exactly_once) {
          subscriber.ack(PacketType::pubrec, one.packet_id);
          subscriber.ack(PacketType::pubcomp, one.packet_id);
        }
      }
      // Away for a while: what waits goes on in order afterwards.
      if (i == 400 && qos != Qos::at_most_once) subscriber.cut();
    }
    EXPECT_EQ(got, sent);
    subscriber.unsubscribe(topic);
  }
}

// covers: 5.0 MQTT-4.1.0-1, 3.1.1 MQTT-4.1.0-2
TEST_P(Ordered, ASessionThatEndsWithItsConnectionLivesAsLongAsIt) {
  auto guest = client();
  guest.connect("guest");
  guest.subscribe("t", Qos::exactly_once);
  publisher.publish("t", "one", Qos::exactly_once);
  const auto one = guest.next(PacketType::publish);
  broker.advance(Seconds{100'000});
  publisher.publish("t", "two", Qos::at_least_once);
  EXPECT_THAT(payloads(guest), ElementsAre("two"));
  guest.ack(PacketType::pubrec, one.packet_id);
  EXPECT_EQ(guest.next(PacketType::pubrel).packet_id, one.packet_id);
  guest.cut();
  auto again = client();
  EXPECT_FALSE(stay(again, "guest").session_present);
  publisher.publish("t", "three", Qos::at_least_once);
  EXPECT_TRUE(again.nothing_received());
}

// covers: 5.0 MQTT-4.1.0-2
TEST(SessionState, EndsWhenItsExpiryHasPassed) {
  for (const bool expired : {false, true}) {
    VirtualBroker broker;
    TestClient client(broker, Version::v5);
    TestClient publisher(broker, Version::v5);
    publisher.connect("p");
    connect_with(client, "c", mqtt::PropertyWriter().number(PropertyId::session_expiry_interval, 1));
    client.subscribe("t", Qos::at_least_once);
    client.cut();
    publisher.publish("t", "x", Qos::at_least_once);
    broker.advance(expired ? Milliseconds{2000} : Milliseconds{500});
    EXPECT_EQ(stay(client, "c").session_present, !expired);
    publisher.publish("t", "y", Qos::at_least_once);
    EXPECT_THAT(client.publishes(), SizeIs(expired ? 0 : 2));
  }
}

// covers: 5.0 MQTT-4.2.0-1
TEST_P(Ordered, HowBytesArePackedDoesNotMatter) {
  const std::string connect = v5() ? "10 ## <MQTT> 05 02 00 00 [ ] <w>" : "10 ## <MQTT> 04 02 00 00 <w>";
  const std::vector<std::string> packets = {connect,
                                            "82 ## 00 01" + only_v5("[ ]") + "<t> 00",
                                            "32" + publish_packet(7),
                                            "34" + publish_packet(8),
                                            "62 02 00 08",
                                            "C0 00"};
  std::vector<std::uint8_t> whole;
  for (const auto& packet : packets) {
    const auto bytes = wire(packet);
    whole.insert(whole.end(), bytes.begin(), bytes.end());
  }
  std::vector<std::vector<std::uint8_t>> answers;
  for (const std::size_t piece : {whole.size(), std::size_t{1}, std::size_t{3}, std::size_t{7}}) {
    VirtualBroker fresh;
    TestClient peer(fresh, GetParam());
    for (std::size_t at = 0; at < whole.size(); at += piece) {
      peer.send(mqtt::Bytes(whole).subspan(at, std::min(piece, whole.size() - at)));
    }
    answers.emplace_back();
    for (auto packet = peer.next(); packet.type != PacketType::reserved; packet = peer.next()) {
      answers.back().insert(answers.back().end(), packet.raw.begin(), packet.raw.end());
      if (packet.type == PacketType::pingresp) break;
    }
    EXPECT_FALSE(peer.closed());
  }
  EXPECT_GT(answers[0].size(), 20u);
  for (const auto& answer : answers) EXPECT_EQ(answer, answers[0]);
}

}  // namespace tombo::test
