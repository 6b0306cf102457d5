#include "v5_kit.hpp"

#include <set>

// MQTT 5.0, section 2.2: packet identifiers and empty property sets.
namespace tombo::test::v5a {
namespace {

constexpr mqtt::PacketId kEdgeIds[] = {1, 255, 256, 65535};

std::string hex16(mqtt::PacketId id) {
  return fmt::format("{:02X} {:02X}", id >> 8U, id & 0xFFU);
}

void append(std::vector<std::uint8_t>& out, std::string_view packet) {
  const auto bytes = wire(packet);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// `count` QoS 1 messages to topic t in one go.
void publish_many(TestClient& publisher, int count) {
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < count; ++i) append(bytes, "32 ## <t> 00 01 [] 'x'");
  publisher.send(bytes);
  publisher.drop_received();
}

}  // namespace

// covers: 5.0 MQTT-2.2.1-2
TEST(V5PacketId, AQos0PublishHasNone) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe("t", Qos::exactly_once);
  TestClient publisher = online(broker, "p");
  publisher.send_wire("30 ## <t> [] 'x'");
  EXPECT_EQ(subscriber.next().raw, wire("30 ## <t> [] 'x'"));
  publisher.send_wire("30 ## <t> [01 01 03 <c> 26 <n> <v>] 'payload'");
  EXPECT_EQ(subscriber.next().raw, wire("30 ## <t> [01 01 03 <c> 26 <n> <v>] 'payload'"));
  publisher.send_wire("30 ## <t> []");
  EXPECT_EQ(subscriber.next().raw, wire("30 ## <t> []"));
}

// covers: 5.0 MQTT-2.2.1-3
TEST(V5PacketId, ZeroIsRefusedWhereOneIsNeeded) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet :
       {"32 ## <t> 00 00 [] 'x'", "34 ## <t> 00 00 [] 'x'", "82 ## 00 00 [] <t> 00", "A2 ## 00 00 [] <t>"}) {
    SCOPED_TRACE(packet);
    TestClient client = online(broker, "c");
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet, ReasonCode::protocol_error}));
    EXPECT_TRUE(observer.nothing_received());
  }
}

// covers: 5.0 MQTT-2.2.1-3
TEST(V5PacketId, OneInUseIsRefusedInTheAcknowledgement) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  TestClient client = online(broker, "c");
  client.send_wire("34 ## <t> 00 07 [] 'first'");  // no PUBREL: 7 stays in use
  EXPECT_EQ(client.next().type, PacketType::pubrec);
  EXPECT_EQ(observer.publishes().size(), 1u);
  client.send_wire("32 ## <t> 00 07 [] 'second'");
  const auto puback = client.next();
  EXPECT_EQ(puback.type, PacketType::puback);
  EXPECT_EQ(puback.reason, ReasonCode::packet_identifier_in_use);
  client.send_wire("82 ## 00 07 [] <t> 00");
  EXPECT_EQ(client.next().codes, std::vector{ReasonCode::packet_identifier_in_use});
  client.send_wire("A2 ## 00 07 [] <t> <u>");
  EXPECT_EQ(client.next().codes, std::vector(2, ReasonCode::packet_identifier_in_use));
  EXPECT_TRUE(observer.publishes().empty());
  client.publish("t", "third");
  EXPECT_TRUE(client.publishes().empty()) << "the refused SUBSCRIBE has made a subscription";
  // Once released it is free.
  client.send_wire("62 ## 00 07");
  EXPECT_EQ(client.next().type, PacketType::pubcomp);
  client.send_wire("82 ## 00 07 [] <t> 00");
  EXPECT_EQ(client.next().codes, std::vector{ReasonCode::success});
}

// covers: 5.0 MQTT-2.2.1-4
TEST(V5PacketId, UnacknowledgedDeliveriesHaveDifferentOnes) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe("t", Qos::exactly_once);
  TestClient publisher = online(broker, "p");
  for (int i = 0; i < 200; ++i) {
    publisher.publish("t", "x", Qos::at_least_once);
    publisher.publish("t", "x", Qos::exactly_once);
    publisher.ack(PacketType::pubrel, publisher.fresh_id());
  }
  std::set<mqtt::PacketId> ids;
  for (const auto& packet : subscriber.publishes()) ids.insert(packet.packet_id);
  EXPECT_EQ(ids.size(), 400u);
  EXPECT_FALSE(ids.contains(0));
}

// covers: 5.0 MQTT-2.2.1-4
TEST(V5PacketId, AfterAWrapThoseInFlightAreSkipped) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe("t", Qos::at_least_once);
  TestClient publisher = online(broker, "p");
  std::set<mqtt::PacketId> held;
  constexpr int kBatch = 500;
  int acknowledged = 0;
  // Around and on; of each of the first batches one delivery stays unacknowledged.
  for (int batch = 0; batch < 150; ++batch) {
    publish_many(publisher, kBatch);
    const auto got = subscriber.publishes();
    ASSERT_EQ(got.size(), static_cast<std::size_t>(kBatch)) << "batch " << batch << ", acknowledged " << acknowledged;
    std::vector<std::uint8_t> acks;
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_NE(got[i].packet_id, 0);
      ASSERT_FALSE(held.contains(got[i].packet_id)) << got[i].packet_id;
      if (batch < 20 && i == 3) {
        held.insert(got[i].packet_id);
        continue;
      }
      append(acks, "40 ## " + hex16(got[i].packet_id));
      ++acknowledged;
    }
    subscriber.send(acks);
  }
  EXPECT_EQ(held.size(), 20u);
}

// covers: 5.0 MQTT-2.2.1-5
TEST(V5PacketId, TheServersAcknowledgementsRepeatTheClients) {
  VirtualBroker broker;
  TestClient client = online(broker, "c");
  for (const auto id : kEdgeIds) {
    client.send_wire("32 ## <t> " + hex16(id) + " [] 'x'");
    const auto puback = client.next();
    EXPECT_EQ(puback.type, PacketType::puback);
    EXPECT_EQ(puback.packet_id, id);
    client.send_wire("34 ## <t> " + hex16(id) + " [] 'x'");
    const auto pubrec = client.next();
    EXPECT_EQ(pubrec.type, PacketType::pubrec);
    EXPECT_EQ(pubrec.packet_id, id);
    client.send_wire("62 ## " + hex16(id));
    const auto pubcomp = client.next();
    EXPECT_EQ(pubcomp.type, PacketType::pubcomp);
    EXPECT_EQ(pubcomp.packet_id, id);
  }
}

// covers: 5.0 MQTT-2.2.1-5
TEST(V5PacketId, TheServersPubrelRepeatsThatOfItsPublish) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe("t", Qos::exactly_once);
  TestClient publisher = online(broker, "p");
  for (int i = 0; i < 300; ++i) {
    publisher.publish_exactly_once("t", "x");
    const auto publish = subscriber.next();
    ASSERT_EQ(publish.type, PacketType::publish);
    subscriber.ack(PacketType::pubrec, publish.packet_id);
    const auto pubrel = subscriber.next();
    ASSERT_EQ(pubrel.type, PacketType::pubrel);
    EXPECT_EQ(pubrel.packet_id, publish.packet_id);
    subscriber.ack(PacketType::pubcomp, publish.packet_id);
  }
}

// covers: 5.0 MQTT-2.2.1-6
TEST(V5PacketId, SubackAndUnsubackRepeatThatOfTheirRequest) {
  VirtualBroker broker;
  TestClient client = online(broker, "c");
  for (const auto id : kEdgeIds) {
    client.send_wire("82 ## " + hex16(id) + " [] <t> 00");
    const auto suback = client.next();
    EXPECT_EQ(suback.type, PacketType::suback);
    EXPECT_EQ(suback.packet_id, id);
    client.send_wire("A2 ## " + hex16(id) + " [] <t>");
    const auto unsuback = client.next();
    EXPECT_EQ(unsuback.type, PacketType::unsuback);
    EXPECT_EQ(unsuback.packet_id, id);
  }
}

// covers: 5.0 MQTT-2.2.2-1
TEST(V5Properties, AnEmptySetIsWrittenAsLengthZero) {
  VirtualBroker::Setup setup;
  setup.options.limits.receive_maximum = 65535;
  setup.options.limits.packet_bytes_max = 268'435'460;  // the protocol's own, so not told
  setup.options.listeners[0].topic_alias_max = 0;
  VirtualBroker broker(std::move(setup));
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect("c").raw, wire("20 ## 00 00 []"));
  client.send_wire("82 ## 00 05 [] <t> 00");
  EXPECT_EQ(client.next().raw, wire("90 ## 00 05 [] 00"));
  client.publish("t", "x");
  EXPECT_EQ(client.next().raw, wire("30 ## <t> [] 'x'"));
  client.send_wire("A2 ## 00 06 [] <t>");
  EXPECT_EQ(client.next().raw, wire("B0 ## 00 06 [] 00"));
}

// covers: 5.0 MQTT-2.2.2-1
TEST(V5Properties, APacketWithoutThePropertyLengthIsMalformed) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet :
       {"30 ## <t>", "32 ## <t> 00 01", "82 ## 00 01", "82 ## 00 01 <t> 00", "A2 ## 00 01", "A2 ## 00 01 <t>"}) {
    SCOPED_TRACE(packet);
    TestClient client = online(broker, "c");
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet, ReasonCode::protocol_error}));
    EXPECT_TRUE(observer.nothing_received());
  }
  for (const auto packet :
       {"10 ## <MQTT> 05 02 00 00", "10 ## <MQTT> 05 02 00 00 <c>", "10 ## <MQTT> 05 06 00 00 [] <c> <w> <x>"}) {
    SCOPED_TRACE(packet);
    TestClient client(broker, Version::v5);
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet}));
  }
}

}  // namespace tombo::test::v5a
