#include "conformance/v5b_cases.hpp"

#include "support/wire_text.hpp"

#include <set>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Delivering : public AtVersion {
 protected:
  void SetUp() override {
    stay(subscriber, "s");
    publisher.connect("p");
    subscriber.subscribe("t", Qos::exactly_once);
    subscriber.subscribe("u", Qos::exactly_once);
  }
  void resume() {
    subscriber.cut();
    EXPECT_TRUE(stay(subscriber, "s").session_present);
  }
  TestClient subscriber{broker, GetParam()};
  TestClient publisher{broker, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Versions, Delivering, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-4.3.1-1, 3.1.1 MQTT-4.3.1-1, 3.1.1 MQTT-2.3.1-5, 3.1.1 MQTT-3.3.1-2
TEST_P(Delivering, Qos0HasNoDupAndNoIdentifier) {
  publisher.publish("t", "x");
  EXPECT_EQ(subscriber.next().raw, wire("30 ## <t>" + only_v5("[ ]") + "'x'"));
  publisher.publish("kept", "x", Qos::at_most_once, true);
  subscriber.subscribe("kept", Qos::exactly_once);
  EXPECT_EQ(subscriber.next(PacketType::publish).raw, wire("31 ## <kept>" + only_v5("[ ]") + "'x'"));
  resume();
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.3.2-1, 5.0 MQTT-4.3.2-2, 5.0 MQTT-4.3.3-1, 5.0 MQTT-4.3.3-2
// covers: 3.1.1 MQTT-2.3.1-1, 3.1.1 MQTT-2.3.1-4, 3.1.1 MQTT-4.3.2-1, 3.1.1 MQTT-4.3.3-1
TEST_P(Delivering, EachNewMessageHasAnIdentifierOfItsOwnAndNoDup) {
  std::set<mqtt::PacketId> used;
  for (int i = 0; i < 300; ++i) {
    const Qos qos = i % 2 == 0 ? Qos::at_least_once : Qos::exactly_once;
    publisher.publish("t", "x", qos);
    const auto got = subscriber.next(PacketType::publish);
    EXPECT_EQ(got.raw.front(), qos == Qos::at_least_once ? 0x32 : 0x34);
    EXPECT_NE(got.packet_id, 0);
    EXPECT_TRUE(used.insert(got.packet_id).second);
    // Some get as far as PUBREL: their identifiers stay taken.
    if (i % 4 == 1) subscriber.ack(PacketType::pubrec, got.packet_id);
  }
}

// covers: 5.0 MQTT-4.3.2-3, 3.1.1 MQTT-4.3.2-1, 3.1.1 MQTT-3.3.1-1
TEST_P(Delivering, Qos1IsUnacknowledgedUntilPuback) {
  publisher.publish("t", "acked", Qos::at_least_once);
  publisher.publish("t", "open", Qos::at_least_once);
  const auto first = subscriber.publishes();
  ASSERT_THAT(first, SizeIs(2));
  subscriber.ack(PacketType::puback, first[0].packet_id);
  for (int i = 0; i < 2; ++i) {
    resume();
    const auto again = subscriber.publishes();
    ASSERT_THAT(again, SizeIs(1));
    EXPECT_EQ(again[0].payload, "open");
    EXPECT_EQ(again[0].packet_id, first[1].packet_id);
    EXPECT_EQ(again[0].raw.front(), 0x3A);
  }
  subscriber.ack(PacketType::puback, first[1].packet_id);
  resume();
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.3.2-4, 3.1.1 MQTT-4.3.2-2, 3.1.1 MQTT-2.3.1-6, 3.1.1 MQTT-3.3.4-1
TEST_P(Delivering, PubackRepeatsTheIdentifierOfWhatWasTaken) {
  for (const auto id : kIdsOfEveryShape) {
    const auto puback = publish_as(publisher, id, "t", "x", Qos::at_least_once);
    EXPECT_EQ(puback.type, PacketType::puback);
    EXPECT_EQ(puback.packet_id, id);
    EXPECT_THAT(payloads(subscriber), ElementsAre("x"));
  }
  publisher.publish("t", "y");
  EXPECT_TRUE(publisher.nothing_received());  // QoS 0 is not answered
}

// covers: 5.0 MQTT-4.3.2-5, 3.1.1 MQTT-4.3.2-2
TEST_P(Delivering, AfterPubackTheIdentifierMeansANewMessage) {
  EXPECT_EQ(publish_as(publisher, 5, "t", "one", Qos::at_least_once).packet_id, 5);
  EXPECT_EQ(publish_as(publisher, 5, "t", "two", Qos::at_least_once, true).packet_id, 5);
  const auto got = subscriber.publishes();
  EXPECT_THAT(payloads_of(got), ElementsAre("one", "two"));
  for (const auto& one : got) EXPECT_FALSE(one.dup);
}

// covers: 5.0 MQTT-4.4.0-1, 3.1.1 MQTT-4.4.0-1, 3.1.1 MQTT-2.3.1-4
TEST_P(Delivering, OnlyAReconnectMakesTheServerSendAgain) {
  publisher.publish("t", "one", Qos::at_least_once);
  publisher.publish("t", "two", Qos::exactly_once);
  publisher.publish("t", "three", Qos::exactly_once);
  const auto first = subscriber.publishes();
  ASSERT_THAT(first, SizeIs(3));
  subscriber.ack(PacketType::pubrec, first[2].packet_id);
  EXPECT_EQ(subscriber.next(PacketType::pubrel).packet_id, first[2].packet_id);
  broker.advance(Seconds{300});
  EXPECT_TRUE(subscriber.nothing_received());
  resume();
  const auto again = subscriber.publishes();
  EXPECT_EQ(ids_of(again), (std::vector{first[0].packet_id, first[1].packet_id}));
  for (const auto& one : again) EXPECT_TRUE(one.dup);
  EXPECT_EQ(subscriber.next().raw,
            wire("62 02 " + hex(first[2].packet_id >> 8) + " " + hex(first[2].packet_id & 0xFF)));
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.4.0-2
TEST(Redelivering, ARefusedMessageCountsAsAcknowledged) {
  VirtualBroker broker;
  TestClient subscriber(broker, Version::v5);
  stay(subscriber, "s");
  subscriber.subscribe("t", Qos::exactly_once);
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  for (const auto reason : {ReasonCode::unspecified_error, ReasonCode::quota_exceeded}) {
    publisher.publish("t", "one", Qos::at_least_once);
    subscriber.ack(PacketType::puback, subscriber.next(PacketType::publish).packet_id, reason);
    publisher.publish("t", "two", Qos::exactly_once);
    subscriber.ack(PacketType::pubrec, subscriber.next(PacketType::publish).packet_id, reason);
    EXPECT_TRUE(subscriber.nothing_received());  // no PUBREL
  }
  subscriber.cut();
  EXPECT_TRUE(stay(subscriber, "s").session_present);
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.3.3-7
TEST(Redelivering, ExpiryDoesNotTouchWhatWasSent) {
  VirtualBroker broker;
  TestClient subscriber(broker, Version::v5);
  stay(subscriber, "s");
  subscriber.subscribe("t", Qos::exactly_once);
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  TestClient::Publish publish;
  publish.topic = "t";
  publish.payload = "x";
  publish.qos = Qos::exactly_once;
  publish.properties.number(PropertyId::message_expiry_interval, 1);
  publisher.publish(publish);
  const auto first = subscriber.next(PacketType::publish);
  EXPECT_EQ(first.payload, "x");
  subscriber.cut();
  broker.advance(Seconds{5});
  EXPECT_TRUE(stay(subscriber, "s").session_present);
  const auto again = subscriber.publishes();
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].packet_id, first.packet_id);
  EXPECT_TRUE(again[0].dup);
}

// covers: 5.0 MQTT-4.3.3-13
TEST(Redelivering, AnExpiredMessageStillEndsItsExchanges) {
  VirtualBroker broker;
  TestClient subscriber(broker, Version::v5);
  stay(subscriber, "s");
  subscriber.subscribe("t", Qos::exactly_once);
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  TestClient::Publish publish;
  publish.topic = "t";
  publish.payload = "x";
  publish.qos = Qos::exactly_once;
  publish.properties.number(PropertyId::message_expiry_interval, 1);
  const auto pubrec = publisher.publish(publish);
  EXPECT_EQ(pubrec.reason, ReasonCode::success);
  const auto delivery = subscriber.next(PacketType::publish);
  broker.advance(Seconds{5});
  // The publisher's side.
  publish.packet_id = pubrec.packet_id;
  publish.dup = true;
  EXPECT_EQ(publisher.publish(publish).reason, ReasonCode::success);
  publisher.ack(PacketType::pubrel, pubrec.packet_id);
  EXPECT_EQ(publisher.next(PacketType::pubcomp).reason, ReasonCode::success);
  // The subscriber's side.
  subscriber.ack(PacketType::pubrec, delivery.packet_id);
  EXPECT_EQ(subscriber.next(PacketType::pubrel).reason, ReasonCode::success);
  EXPECT_TRUE(subscriber.nothing_received());
}

}  // namespace tombo::test
