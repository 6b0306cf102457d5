#include "conformance/v5b_cases.hpp"

#include "support/wire_text.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::ElementsAre;

namespace {

VirtualBroker::Setup with_every_refusal(Doorkeeper& doorkeeper) {
  auto setup = guarded_by(doorkeeper);
  setup.options.mqtt.check_payload_format = true;
  setup.options.limits.retained_messages_max = 1;
  return setup;
}

struct PublishCase {
  std::string topic;
  std::string payload;
  bool retain;
  bool says_text;
  ReasonCode reason;
};

}  // namespace

// covers: 5.0 MQTT-3.4.2-1, 5.0 MQTT-3.5.2-1
TEST(Acks, ReasonsOfPubackAndPubrecAreFromTheirTables) {
  Doorkeeper doorkeeper;
  VirtualBroker broker(with_every_refusal(doorkeeper));
  TestClient subscriber(broker, Version::v5);
  subscriber.connect("s");
  subscriber.subscribe("heard");
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  publisher.publish("kept/1", "x", Qos::at_most_once, true);
  const std::vector<PublishCase> cases = {
      {"heard", "x", false, false, ReasonCode::success},
      {"unheard", "x", false, false, ReasonCode::no_matching_subscribers},
      {"secret/1", "x", false, false, ReasonCode::not_authorized},
      {"$SYS/broker/uptime", "x", false, false, ReasonCode::not_authorized},
      {"heard", "\xC0\x80", false, true, ReasonCode::payload_format_invalid},
      {"kept/2", "x", true, false, ReasonCode::quota_exceeded},
  };
  for (const auto& row : cases) {
    for (const auto qos : {Qos::at_least_once, Qos::exactly_once}) {
      SCOPED_TRACE(row.topic);
      TestClient::Publish publish;
      publish.topic = row.topic;
      publish.payload = row.payload;
      publish.retain = row.retain;
      publish.qos = qos;
      if (row.says_text) publish.properties.number(PropertyId::payload_format_indicator, 1);
      const auto ack = publisher.publish(std::move(publish));
      ASSERT_NE(ack.type, PacketType::reserved);
      EXPECT_EQ(ack.reason, row.reason);
      EXPECT_TRUE(mqtt::may_carry(ack.type, ack.reason, mqtt::Sender::server));
    }
  }
  EXPECT_FALSE(publisher.closed());
}

// covers: 5.0 MQTT-3.4.2-2, 5.0 MQTT-3.4.2-3, 5.0 MQTT-3.5.2-2, 5.0 MQTT-3.5.2-3
// covers: 5.0 MQTT-3.6.2-2, 5.0 MQTT-3.6.2-3, 5.0 MQTT-3.7.2-2, 5.0 MQTT-3.7.2-3
// covers: 5.0 MQTT-3.9.2-1, 5.0 MQTT-3.9.2-2, 5.0 MQTT-3.11.2-1, 5.0 MQTT-3.11.2-2
// covers: 5.0 MQTT-3.14.2-3, 5.0 MQTT-3.14.2-4
TEST(Acks, NoAnswerIsLargerThanASmallClientAccepts) {
  constexpr std::uint32_t kPacketMax = 24;
  Doorkeeper doorkeeper;
  VirtualBroker broker(guarded_by(doorkeeper));
  TestClient client(broker, Version::v5);
  ASSERT_EQ(connect_with(client, "c", mqtt::PropertyWriter().number(PropertyId::maximum_packet_size, kPacketMax)).type,
            PacketType::connack);
  std::vector<Received> answers;
  for (const std::string topic : {"secret", "unheard"}) {
    answers.push_back(client.publish(topic, "x", Qos::at_least_once));
    answers.push_back(client.publish(topic, "x", Qos::exactly_once));
  }
  client.ack(PacketType::pubrel, 9999);
  answers.push_back(client.next(PacketType::pubcomp));
  client.ack(PacketType::pubrec, 9999);
  answers.push_back(client.next(PacketType::pubrel));
  answers.push_back(client.subscribe("secret"));
  answers.push_back(client.unsubscribe("never/there"));
  client.send_wire("C1 00");
  answers.push_back(client.next(PacketType::disconnect));
  std::vector<PacketType> types;
  for (const auto& answer : answers) {
    types.push_back(answer.type);
    EXPECT_LE(answer.raw.size(), kPacketMax);
    EXPECT_FALSE(answer.has(PropertyId::reason_string));
    EXPECT_FALSE(answer.has(PropertyId::user_property));
  }
  EXPECT_THAT(types, ElementsAre(PacketType::puback, PacketType::pubrec, PacketType::puback, PacketType::pubrec,
                                 PacketType::pubcomp, PacketType::pubrel, PacketType::suback, PacketType::unsuback,
                                 PacketType::disconnect));
}

class AckFlags : public AtVersion {};
INSTANTIATE_TEST_SUITE_P(Acks, AckFlags, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-3.6.1-1, 3.1.1 MQTT-3.6.1-1
TEST_P(AckFlags, APubrelWithOtherFlagsCutsTheClientOff) {
  for (unsigned flags = 0; flags < 16; ++flags) {
    SCOPED_TRACE(flags);
    auto publisher = client();
    publisher.connect("p");
    ASSERT_EQ(publish_as(publisher, 7, "t", "x", Qos::exactly_once).type, PacketType::pubrec);
    publisher.send_wire(hex(0x60 | flags) + " 02 00 07");
    if (flags == 2) {
      EXPECT_EQ(publisher.next().type, PacketType::pubcomp);
      EXPECT_FALSE(publisher.closed());
    } else {
      expect_cut(publisher, {ReasonCode::malformed_packet});
    }
  }
}

// covers: 5.0 MQTT-3.6.2-1
TEST(Acks, ThePubrelSaysWhetherTheIdentifierIsKnown) {
  VirtualBroker broker;
  TestClient subscriber(broker, Version::v5);
  TestClient publisher(broker, Version::v5);
  subscriber.connect("s");
  publisher.connect("p");
  subscriber.subscribe("t", Qos::exactly_once);
  publisher.publish("t", "x", Qos::exactly_once);
  const auto delivery = subscriber.next(PacketType::publish);
  subscriber.ack(PacketType::pubrec, delivery.packet_id);
  EXPECT_EQ(subscriber.next(PacketType::pubrel).reason, ReasonCode::success);
  subscriber.ack(PacketType::pubrec, static_cast<mqtt::PacketId>(delivery.packet_id + 100));
  const auto unknown = subscriber.next(PacketType::pubrel);
  EXPECT_EQ(unknown.packet_id, delivery.packet_id + 100);
  EXPECT_EQ(unknown.reason, ReasonCode::packet_identifier_not_found);
  EXPECT_FALSE(subscriber.closed());
}

// covers: 5.0 MQTT-3.7.2-1
TEST(Acks, ThePubcompSaysWhetherTheIdentifierIsKnown) {
  VirtualBroker broker;
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  publish_as(publisher, 5, "t", "x", Qos::exactly_once);
  publisher.ack(PacketType::pubrel, 5);
  EXPECT_EQ(publisher.next(PacketType::pubcomp).reason, ReasonCode::success);
  publisher.ack(PacketType::pubrel, 6);
  const auto unknown = publisher.next(PacketType::pubcomp);
  EXPECT_EQ(unknown.packet_id, 6);
  EXPECT_EQ(unknown.reason, ReasonCode::packet_identifier_not_found);
  EXPECT_FALSE(publisher.closed());
}

}  // namespace tombo::test
