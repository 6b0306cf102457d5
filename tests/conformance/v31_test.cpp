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

// MQTT 3.1 (MQIsdp) and the bridge bit have no statement ids; packets.md, sections 8 and 9, is what they are held to.

class Mqtt31 : public ::testing::Test {
 protected:
  std::vector<std::uint8_t> answer_to(const std::string& packet) {
    TestClient fresh(broker, Version::v3_1);
    fresh.send_wire(packet);
    auto raw = fresh.next().raw;
    EXPECT_TRUE(fresh.nothing_received());
    left_open = !fresh.closed();
    return raw;
  }
  static std::string connect_packet(const std::string& flags, const std::string& payload) {
    return "10 ## <MQIsdp> 03 " + flags + " 00 00 " + payload;
  }
  VirtualBroker broker;
  TestClient client{broker, Version::v3_1};
  bool left_open = false;
};

TEST_F(Mqtt31, NameAndLevelMustBelongTogether) {
  EXPECT_THAT(answer_to(connect_packet("02", "<c>")), ElementsAre(0x20, 0x02, 0x00, 0x00));
  EXPECT_TRUE(left_open);
  for (const std::string other : {"<MQIsdp> 04", "<MQTT> 03", "<MQISDP> 03"}) {
    SCOPED_TRACE(other);
    EXPECT_THAT(answer_to("10 ## " + other + " 02 00 00 <c>"), ElementsAre(0x20, 0x02, 0x00, 0x01));
    EXPECT_FALSE(left_open);
  }
}

TEST_F(Mqtt31, AnEmptyClientIdIsRejectedAndALongOneIsNot) {
  EXPECT_THAT(answer_to(connect_packet("02", "<>")), ElementsAre(0x20, 0x02, 0x00, 0x02));
  EXPECT_FALSE(left_open);
  EXPECT_THAT(answer_to(connect_packet("02", "<" + std::string(24, 'x') + ">")), ElementsAre(0x20, 0x02, 0x00, 0x00));
}

TEST_F(Mqtt31, ConnackDoesNotTellOfASession) {
  EXPECT_THAT(stay(client, "c").raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  client.subscribe("t", Qos::at_least_once);
  client.cut();
  TestClient publisher(broker, Version::v3_1);
  publisher.connect("p");
  publisher.publish("t", "x", Qos::at_least_once);
  EXPECT_THAT(stay(client, "c").raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  EXPECT_THAT(payloads(client), ElementsAre("x"));  // the session is there all the same
}

TEST_F(Mqtt31, ARefusedFilterIsGrantedAndGetsNothing) {
  Doorkeeper doorkeeper;
  VirtualBroker guarded(guarded_by(doorkeeper));
  TestClient subscriber(guarded, Version::v3_1);
  TestClient publisher(guarded, Version::v5);
  subscriber.connect("s");
  publisher.connect("p");
  const auto suback = subscriber.subscribe_all({{"secret/#", {Qos::at_least_once}},
                                                {"a#", {Qos::exactly_once}},
                                                {"t", {Qos::exactly_once}},
                                                {"secret/x", {Qos::at_most_once}}});
  EXPECT_THAT(suback.codes, ElementsAre(ReasonCode::granted_qos_1, ReasonCode::granted_qos_2, ReasonCode::granted_qos_2,
                                        ReasonCode::success));
  publisher.publish("a#", "x");  // cuts the publisher off
  publisher.connect("p");
  publisher.publish("t", "y");
  EXPECT_THAT(payloads(subscriber), ElementsAre("y"));
}

TEST_F(Mqtt31, DupIsAllowedInWhatIsSentAgain) {
  client.connect("c");
  for (const std::string first : {"82", "8A"}) {
    client.send_wire(first + " ## 00 01 <t> 01");
    EXPECT_THAT(client.next().raw, ElementsAre(0x90, 0x03, 0x00, 0x01, 0x01));
  }
  for (const std::string first : {"34", "3C"}) {
    client.send_wire(first + " ## <u> 00 07 'x'");
    EXPECT_THAT(client.next().raw, ElementsAre(0x50, 0x02, 0x00, 0x07));
  }
  for (const std::string first : {"62", "6A"}) {
    client.send_wire(first + " 02 00 07");
    EXPECT_THAT(client.next().raw, ElementsAre(0x70, 0x02, 0x00, 0x07));
  }
  for (const std::string first : {"A2", "AA"}) {
    client.send_wire(first + " ## 00 02 <t>");
    EXPECT_THAT(client.next().raw, ElementsAre(0xB0, 0x02, 0x00, 0x02));
  }
  EXPECT_FALSE(client.closed());
}

TEST_F(Mqtt31, TheServerSendsItsPubrelAsAlways) {
  stay(client, "c");
  client.subscribe("t", Qos::exactly_once);
  TestClient publisher(broker, Version::v3_1);
  publisher.connect("p");
  publisher.publish_exactly_once("t", "x");
  const auto got = client.next(PacketType::publish);
  EXPECT_EQ(got.raw.front(), 0x34);
  client.ack(PacketType::pubrec, got.packet_id);
  EXPECT_EQ(client.next().raw.front(), 0x62);
  client.cut();
  stay(client, "c");
  EXPECT_EQ(client.next().type, PacketType::pubrel);
  client.ack(PacketType::pubcomp, got.packet_id);
  client.cut();
  stay(client, "c");
  EXPECT_TRUE(client.nothing_received());
}

TEST_F(Mqtt31, AClientThatSendsAgainOnALiveConnectionIsServed) {
  TestClient subscriber(broker, Version::v3_1);
  subscriber.connect("s");
  subscriber.subscribe("t", Qos::exactly_once);
  client.connect("c");
  EXPECT_EQ(publish_as(client, 3, "t", "x", Qos::exactly_once).packet_id, 3);
  EXPECT_EQ(publish_as(client, 3, "t", "x", Qos::exactly_once, true).packet_id, 3);
  client.ack(PacketType::pubrel, 3);
  client.ack(PacketType::pubrel, 3);
  EXPECT_THAT(ids_of(all_of_type(client, PacketType::pubcomp)), ElementsAre(3, 3));
  EXPECT_THAT(payloads(subscriber), ElementsAre("x"));
}

TEST_F(Mqtt31, LoginFieldsMayBeMissing) {
  for (const auto& [flags, payload] :
       {std::pair<std::string, std::string>{"82", "<c>"}, {"C2", "<c>"}, {"C2", "<c> <user>"}}) {
    SCOPED_TRACE(payload);
    EXPECT_THAT(answer_to(connect_packet(flags, payload)), ElementsAre(0x20, 0x02, 0x00, 0x00));
  }
  EXPECT_THAT(answer_to(connect_packet("82", "<c> 00 05 'user'")), IsEmpty());  // there, but cut
  EXPECT_FALSE(left_open);
}

TEST_F(Mqtt31, TheUnusedFlagIsNotLookedAtAndAPasswordAloneIs) {
  EXPECT_THAT(answer_to(connect_packet("03", "<c>")), ElementsAre(0x20, 0x02, 0x00, 0x00));
  answer_to(connect_packet("42", "<c> <password>"));
  EXPECT_FALSE(left_open);
}

TEST_F(Mqtt31, RulesOf311HoldForTopicsAndText) {
  client.connect("c");
  client.subscribe("#");
  TestClient publisher(broker, Version::v5);
  publisher.connect("p");
  publisher.publish("$other/x", "x");
  EXPECT_TRUE(client.nothing_received());
  for (const std::string packet : {"30 ## <a/#> 'x'", "30 ## 00 02 C0 80 'x'", "30 ## <> 'x'", "36 ## <t> 00 01 'x'"}) {
    SCOPED_TRACE(packet);
    client.connect("c");
    client.send_wire(packet);
    expect_silent_close(client);
  }
}

TEST_F(Mqtt31, WillAndRetainedMessagesAreAsIn311) {
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.has_will = true;
  connect.will_topic = "will/c";
  connect.will_payload = "gone";
  connect.will_qos = Qos::at_least_once;
  connect.will_retain = true;
  client.connect(connect);
  client.cut();
  TestClient late(broker, Version::v3_1);
  late.connect("late");
  late.subscribe("will/#", Qos::exactly_once);
  const auto got = late.publishes();
  ASSERT_THAT(got, SizeIs(1));
  EXPECT_TRUE(got[0].retain);
  EXPECT_EQ(got[0].qos, Qos::at_least_once);
}

class BridgeBit : public AtVersion {
 protected:
  Received connect_bridge(TestClient& bridge, bool bit = true) {
    TestClient::Connect connect;
    connect.client_id = "bridge";
    connect.bridge = bit;
    return bridge.connect(connect);
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, BridgeBit, ::testing::Values(Version::v3_1, Version::v3_1_1), version_name);

TEST_P(BridgeBit, IsMaskedOffTheLevel) {
  auto bridge = client();
  const std::string name = GetParam() == Version::v3_1 ? "<MQIsdp> 83" : "<MQTT> 84";
  bridge.send_wire("10 ## " + name + " 02 00 00 <bridge>");
  EXPECT_THAT(bridge.next().raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  EXPECT_FALSE(bridge.closed());
}

TEST_P(BridgeBit, KeepsABridgesOwnMessagesAway) {
  for (const bool bit : {true, false}) {
    SCOPED_TRACE(bit);
    auto bridge = client();
    connect_bridge(bridge, bit);
    auto other = client();
    other.connect("other");
    bridge.subscribe("t/#", Qos::at_least_once);
    bridge.subscribe("t/+", Qos::at_least_once);
    other.subscribe("t/#");
    bridge.publish("t/1", "own", Qos::at_least_once);
    other.publish("t/1", "foreign", Qos::at_least_once);
    if (bit) {
      EXPECT_THAT(payloads(bridge), ElementsAre("foreign"));
    } else {
      EXPECT_THAT(payloads(bridge), ElementsAre("own", "foreign"));
    }
    EXPECT_THAT(payloads(other), ElementsAre("own", "foreign"));
  }
}

TEST_P(BridgeBit, KeepsRetainAsPublished) {
  for (const bool bit : {true, false}) {
    SCOPED_TRACE(bit);
    auto bridge = client();
    connect_bridge(bridge, bit);
    auto other = client();
    other.connect("other");
    bridge.subscribe("t");
    other.publish("t", "kept", Qos::at_most_once, true);
    other.publish("t", "plain");
    const auto got = bridge.publishes();
    ASSERT_THAT(payloads_of(got), ElementsAre("kept", "plain"));
    EXPECT_EQ(got[0].retain, bit);
    EXPECT_FALSE(got[1].retain);
    other.publish("t", "", Qos::at_most_once, true);
  }
}

TEST(BridgeBitAt5, ReadsAs50) {
  VirtualBroker broker;
  TestClient bridge(broker, Version::v5);
  bridge.send_wire("10 ## <MQTT> 85 02 00 00 [ ] <bridge>");
  const auto connack = bridge.next();
  EXPECT_EQ(connack.type, PacketType::connack);
  EXPECT_EQ(connack.reason, ReasonCode::success);
  EXPECT_FALSE(bridge.closed());
}

}  // namespace tombo::test
