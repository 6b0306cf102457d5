#include "conformance/v5b_cases.hpp"

#include "support/wire_text.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ExactlyOnce : public AtVersion {
 protected:
  void SetUp() override {
    stay(subscriber, "s");
    stay(publisher, "p");
    subscriber.subscribe("t", Qos::exactly_once);
  }
  void resume(TestClient& who, const std::string& id) {
    who.cut();
    EXPECT_TRUE(stay(who, id).session_present);
  }
  Received delivered(std::string payload = "x") {
    publisher.publish_exactly_once("t", payload);
    return subscriber.next(PacketType::publish);
  }
  TestClient subscriber{broker, GetParam()};
  TestClient publisher{broker, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Versions, ExactlyOnce, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-4.3.3-3, 5.0 MQTT-4.3.3-4, 5.0 MQTT-4.3.3-5, 5.0 MQTT-4.3.3-6, 3.1.1 MQTT-4.3.3-1, 3.1.1 MQTT-2.3.1-6
TEST_P(ExactlyOnce, EachStepIsRepeatedUntilItIsAnswered) {
  const auto first = delivered();
  EXPECT_EQ(first.raw.front(), 0x34);
  for (int i = 0; i < 2; ++i) {
    resume(subscriber, "s");
    const auto again = subscriber.next();
    EXPECT_EQ(again.raw.front(), 0x3C);
    EXPECT_EQ(again.packet_id, first.packet_id);
    EXPECT_TRUE(subscriber.nothing_received());
  }
  subscriber.ack(PacketType::pubrec, first.packet_id);
  const auto pubrel = subscriber.next();
  EXPECT_EQ(pubrel.raw.front(), 0x62);
  EXPECT_EQ(pubrel.packet_id, first.packet_id);
  for (int i = 0; i < 2; ++i) {
    resume(subscriber, "s");
    EXPECT_EQ(subscriber.next().raw, pubrel.raw);  // and no PUBLISH
    EXPECT_TRUE(subscriber.nothing_received());
  }
  subscriber.ack(PacketType::pubcomp, first.packet_id);
  resume(subscriber, "s");
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.3.3-1, 3.1.1 MQTT-4.3.3-1
TEST_P(ExactlyOnce, AnIdentifierIsTakenUntilPubcomp) {
  const auto first = delivered("first");
  subscriber.ack(PacketType::pubrec, first.packet_id);
  // More messages than there are identifiers: the open one must be stepped over, and the others be free again.
  constexpr std::size_t kBatch = 500;
  const auto message = wire("32 ## <t> 00 01" + only_v5("[ ]") + "'x'");
  for (std::size_t sent = 0; sent < 70'000; sent += kBatch) {
    for (std::size_t i = 0; i < kBatch; ++i) publisher.send_only(message);
    broker.settle();
    publisher.drop_received();
    const auto ids = ids_of(subscriber.publishes());
    ASSERT_THAT(ids, SizeIs(kBatch));
    for (const auto id : ids) {
      ASSERT_NE(id, first.packet_id);
      ASSERT_NE(id, 0);
      subscriber.send_only(wire("40 02 " + hex(id >> 8) + " " + hex(id & 0xFF)));
    }
    broker.settle();
  }
  subscriber.ack(PacketType::pubcomp, first.packet_id);
  resume(subscriber, "s");
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-4.3.3-8, 5.0 MQTT-4.3.3-11, 3.1.1 MQTT-4.3.3-2, 3.1.1 MQTT-2.3.1-6, 3.1.1 MQTT-3.3.4-1
TEST_P(ExactlyOnce, AnswersRepeatTheIdentifier) {
  for (const auto id : kIdsOfEveryShape) {
    const auto pubrec = publish_as(publisher, id, "t", "x", Qos::exactly_once);
    EXPECT_EQ(pubrec.type, PacketType::pubrec);
    EXPECT_EQ(pubrec.packet_id, id);
    for (int i = 0; i < 2; ++i) {
      publisher.ack(PacketType::pubrel, id);
      const auto pubcomp = publisher.next();
      EXPECT_EQ(pubcomp.type, PacketType::pubcomp);
      EXPECT_EQ(pubcomp.packet_id, id);
    }
  }
  EXPECT_THAT(subscriber.publishes(), SizeIs(4));
}

// covers: 5.0 MQTT-4.3.3-10, 3.1.1 MQTT-4.3.3-2, 3.1.1 MQTT-2.3.1-3
TEST_P(ExactlyOnce, ARepeatBeforePubrelIsNotDeliveredAgain) {
  EXPECT_EQ(publish_as(publisher, 9, "t", "x", Qos::exactly_once).packet_id, 9);
  EXPECT_EQ(publish_as(publisher, 9, "t", "x", Qos::exactly_once, true).packet_id, 9);
  resume(publisher, "p");
  EXPECT_EQ(publish_as(publisher, 9, "t", "x", Qos::exactly_once, true).packet_id, 9);
  publisher.ack(PacketType::pubrel, 9);
  EXPECT_EQ(publisher.next(PacketType::pubcomp).packet_id, 9);
  EXPECT_THAT(payloads(subscriber), ElementsAre("x"));
}

// covers: 5.0 MQTT-4.3.3-12, 3.1.1 MQTT-4.3.3-2, 3.1.1 MQTT-2.3.1-3
TEST_P(ExactlyOnce, AfterPubcompTheIdentifierMeansANewMessage) {
  for (const std::string payload : {"one", "two"}) {
    publish_as(publisher, 9, "t", payload, Qos::exactly_once);
    publisher.ack(PacketType::pubrel, 9);
    EXPECT_EQ(publisher.next(PacketType::pubcomp).packet_id, 9);
  }
  EXPECT_THAT(payloads(subscriber), ElementsAre("one", "two"));
}

// covers: 5.0 MQTT-4.3.3-4
TEST(ExactlyOnce5, ARefusingPubrecEndsTheExchange) {
  VirtualBroker broker;
  TestClient subscriber(broker, Version::v5);
  TestClient publisher(broker, Version::v5);
  mqtt::PropertyWriter one_at_a_time;
  one_at_a_time.number(mqtt::PropertyId::receive_maximum, 1);
  connect_with(subscriber, "s", std::move(one_at_a_time));
  publisher.connect("p");
  subscriber.subscribe("t", Qos::exactly_once);
  publisher.publish_exactly_once("t", "one");
  publisher.publish_exactly_once("t", "two");
  const auto first = subscriber.publishes();
  ASSERT_THAT(payloads_of(first), ElementsAre("one"));
  subscriber.ack(PacketType::pubrec, first[0].packet_id, ReasonCode::unspecified_error);
  // No PUBREL, and the place is free for the next.
  EXPECT_EQ(subscriber.next().payload, "two");
  EXPECT_TRUE(subscriber.nothing_received());
  // The identifier is not known any more.
  subscriber.ack(PacketType::pubrec, first[0].packet_id);
  EXPECT_EQ(subscriber.next(PacketType::pubrel).reason, ReasonCode::packet_identifier_not_found);
}

// covers: 5.0 MQTT-4.3.3-9
TEST(ExactlyOnce5, AfterARefusalTheIdentifierMeansANewMessage) {
  Doorkeeper doorkeeper;
  VirtualBroker broker(guarded_by(doorkeeper));
  TestClient subscriber(broker, Version::v5);
  TestClient publisher(broker, Version::v5);
  subscriber.connect("s");
  publisher.connect("p");
  subscriber.subscribe("#", Qos::exactly_once);
  EXPECT_EQ(publish_as(publisher, 7, "secret/t", "no", Qos::exactly_once).reason, ReasonCode::not_authorized);
  EXPECT_EQ(publish_as(publisher, 7, "t", "yes", Qos::exactly_once).reason, ReasonCode::success);
  publisher.ack(PacketType::pubrel, 7);
  EXPECT_EQ(publisher.next(PacketType::pubcomp).reason, ReasonCode::success);
  EXPECT_THAT(payloads(subscriber), ElementsAre("yes"));
}

}  // namespace tombo::test
