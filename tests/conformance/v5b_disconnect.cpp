#include "conformance/v5b_cases.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Leaving : public AtVersion {
 protected:
  void SetUp() override {
    watcher.connect("watcher");
    watcher.subscribe("will/#");
    watcher.subscribe("t/#");
  }
  TestClient watcher{broker, Version::v3_1_1};
};
INSTANTIATE_TEST_SUITE_P(Versions, Leaving, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-3.12.4-1, 3.1.1 MQTT-3.12.4-1
TEST_P(Leaving, PingreqIsAnsweredByPingresp) {
  auto pinger = client();
  pinger.connect("p");
  for (int i = 0; i < 3; ++i) {
    pinger.ping();
    EXPECT_THAT(pinger.next().raw, ElementsAre(0xD0, 0x00));
    EXPECT_TRUE(pinger.nothing_received());
  }
}

// covers: 5.0 MQTT-3.14.1-1, 3.1.1 MQTT-3.14.1-1
TEST_P(Leaving, ReservedBitsInDisconnectMakeItAFailure) {
  for (unsigned flags = 1; flags < 16; ++flags) {
    SCOPED_TRACE(flags);
    auto leaver = client();
    connect_with_will(leaver, "c", "will/c");
    leaver.send_wire(hex(0xE0 | flags) + " 00");
    expect_cut(leaver, {ReasonCode::malformed_packet});
    EXPECT_THAT(topics(watcher), ElementsAre("will/c"));
  }
}

// covers: 5.0 MQTT-3.14.4-1, 3.1.1 MQTT-3.14.4-1, 3.1.1 MQTT-3.14.4-2
TEST_P(Leaving, WhatComesBehindADisconnectIsIgnored) {
  auto leaver = client();
  connect_with_will(leaver, "c", "will/c");
  leaver.send_wire("E0 00 30 ##" + std::string(v5() ? " <t/1> 00 'late'" : " <t/1> 'late'"));
  EXPECT_TRUE(leaver.nothing_received());
  EXPECT_TRUE(leaver.closed());
  EXPECT_TRUE(watcher.nothing_received());
}

// covers: 5.0 MQTT-3.14.4-3, 3.1.1 MQTT-3.14.4-3, 3.1.1 MQTT-3.1.2-8, 3.1.1 MQTT-3.1.2-10
TEST_P(Leaving, ANormalDisconnectDiscardsTheWill) {
  auto leaver = client();
  connect_with_will(leaver, "c", "will/c");
  leaver.send_wire("E0 00");
  EXPECT_TRUE(leaver.closed());
  EXPECT_TRUE(leaver.nothing_received());
  broker.advance(Seconds{60});
  EXPECT_TRUE(watcher.nothing_received());
  // Nor does a later connection of the same client bring it back.
  leaver.connect("c");
  leaver.cut();
  EXPECT_TRUE(watcher.nothing_received());
}

// covers: 5.0 MQTT-3.14.4-3
TEST(Disconnect, OnlyReasonZeroDiscardsTheWill) {
  VirtualBroker broker;
  TestClient watcher(broker, Version::v5);
  watcher.connect("watcher");
  watcher.subscribe("will/#");
  const ReasonCode reasons[] = {
      ReasonCode::disconnect_with_will, ReasonCode::unspecified_error,     ReasonCode::malformed_packet,
      ReasonCode::protocol_error,       ReasonCode::topic_name_invalid,    ReasonCode::receive_maximum_exceeded,
      ReasonCode::topic_alias_invalid,  ReasonCode::packet_too_large,      ReasonCode::message_rate_too_high,
      ReasonCode::quota_exceeded,       ReasonCode::administrative_action, ReasonCode::payload_format_invalid,
  };
  for (const auto reason : reasons) {
    SCOPED_TRACE(name_of(reason));
    TestClient leaver(broker, Version::v5);
    connect_with_will(leaver, "c", "will/c");
    leaver.disconnect(reason);
    EXPECT_TRUE(leaver.nothing_received());
    EXPECT_TRUE(leaver.closed());
    EXPECT_THAT(topics(watcher), ElementsAre("will/c"));
  }
  for (const std::string packet : {"E0 00", "E0 01 00", "E0 02 00 00"}) {
    TestClient leaver(broker, Version::v5);
    connect_with_will(leaver, "c", "will/c");
    leaver.send_wire(packet);
    EXPECT_TRUE(leaver.closed());
    EXPECT_THAT(topics(watcher), IsEmpty());
  }
}

// covers: 5.0 MQTT-3.14.0-1
TEST(Disconnect, NoneComesBeforeASuccessfulConnack) {
  const std::string refused[] = {
      "10 ## <MQTT> 05 02 00 00 [ 15 <nope> ] <c>",  // unknown authentication method
      "10 ## <MQTT> 05 03 00 00 [ ] <c>",            // reserved flag
      "10 ## <MQTT> 05 02 00 00 [ 21 00 00 ] <c>",   // Receive Maximum 0
      "10 ## <MQTT> 05 02 00 00 [ ] 00 02 C0 80",    // no text
      "10 ## <MQTT> 06 02 00 00 [ ] <c>",            // unknown version
      "10 ## <MQTT> 05 02 00",                       // cut off
      "11 ## <MQTT> 05 02 00 00 [ ] <c>",            // wrong flags
      "10 80 80 80 80 01",                           // no length
      "C0 00",                                       // no CONNECT
      "F0 ## 18 [ 15 <nope> ]",
      "E0 00",
  };
  for (const auto& packet : refused) {
    SCOPED_TRACE(packet);
    VirtualBroker broker;
    TestClient client(broker, Version::v5);
    client.send_wire(packet);
    const auto answer = client.next();
    if (answer.type != PacketType::reserved) {
      EXPECT_EQ(answer.type, PacketType::connack);
      EXPECT_TRUE(mqtt::is_error(answer.reason));
    }
    expect_silent_close(client);
  }
}

// covers: 5.0 MQTT-3.14.2-1, 5.0 MQTT-3.14.2-2, 5.0 MQTT-3.14.4-1, 5.0 MQTT-3.14.4-2, 5.0 MQTT-4.13.2-1
TEST(Disconnect, TheServersIsTheLastPacketAndSaysWhy) {
  struct Case {
    std::string bytes;  // PINGREQs behind the mistake must not be answered
    ReasonCode reason;
  };
  const std::vector<Case> cases = {
      {"C1 00 C0 00", ReasonCode::malformed_packet},
      {"10 ## <MQTT> 05 02 00 00 [ ] <c>", ReasonCode::protocol_error},
      {"30 ## <t> [ 23 FF FF ] 'x'", ReasonCode::topic_alias_invalid},
      {"30 ## <t/#> [ ] 'x'", ReasonCode::topic_name_invalid},
      {"30 ## <t> [ ] 'this is longer than the server allows, whose limit is one hundred bytes and not a "
       "single byte more than that'",
       ReasonCode::packet_too_large},
      {"35 ## <t> 00 01 [ ] 'x'", ReasonCode::qos_not_supported},
      {"31 ## <t> [ ] 'x'", ReasonCode::retain_not_supported},
  };
  for (const auto& row : cases) {
    SCOPED_TRACE(row.bytes);
    VirtualBroker::Setup setup;
    setup.options.limits.packet_bytes_max = 100;
    setup.options.listeners.front().qos_max = 1;
    setup.options.mqtt.retain_available = false;
    VirtualBroker broker(std::move(setup));
    TestClient client(broker, Version::v5);
    ASSERT_EQ(connect_with(client, "c", mqtt::PropertyWriter().number(PropertyId::session_expiry_interval, 50)).type,
              PacketType::connack);
    client.send_wire(row.bytes);
    client.send_wire("C0 00");
    const auto last = client.next();
    ASSERT_EQ(last.type, PacketType::disconnect);
    EXPECT_EQ(last.reason, row.reason);
    EXPECT_TRUE(mqtt::may_carry(PacketType::disconnect, last.reason, mqtt::Sender::server));
    EXPECT_FALSE(last.has(PropertyId::session_expiry_interval));
    expect_silent_close(client);
  }
}

// covers: 5.0 MQTT-3.14.2-1, 5.0 MQTT-3.14.2-2, 5.0 MQTT-3.14.4-2
TEST(Disconnect, TheServersOwnReasonsAreFromTheTableToo) {
  VirtualBroker broker;
  TestClient idle(broker, Version::v5);
  TestClient::Connect with_keep_alive;
  with_keep_alive.client_id = "idle";
  with_keep_alive.keep_alive_s = 1;
  idle.connect(with_keep_alive);
  TestClient elder(broker, Version::v5);
  elder.connect("twice");
  TestClient younger(broker, Version::v5);
  younger.connect("twice");
  expect_cut(elder, {ReasonCode::session_taken_over});
  broker.advance(Seconds{2});
  expect_cut(idle, {ReasonCode::keep_alive_timeout});
  broker.core().mailbox(0).post_call(
      [](broker::Shard& shard) { shard.disconnect_all(ReasonCode::server_shutting_down); });
  broker.settle();
  const auto last = younger.next();
  EXPECT_EQ(last.reason, ReasonCode::server_shutting_down);
  EXPECT_FALSE(last.has(PropertyId::session_expiry_interval));
  expect_silent_close(younger);
}

class AuthPacket : public ::testing::Test {
 protected:
  VirtualBroker broker;
  TestClient client{broker, Version::v5};
};

// covers: 5.0 MQTT-3.15.1-1
TEST_F(AuthPacket, OtherFlagsCutTheClientOff) {
  for (unsigned flags = 1; flags < 16; ++flags) {
    SCOPED_TRACE(flags);
    client.connect("c");
    client.send_wire(hex(0xF0 | flags) + " ## 18 [ 15 <m> ]");
    expect_cut(client, {ReasonCode::malformed_packet});
  }
}

// covers: 5.0 MQTT-3.15.2-1
TEST_F(AuthPacket, AReasonThatIsNotTheClientsCutsItOff) {
  for (unsigned reason = 0; reason < 256; ++reason) {
    if (reason == 0x18 || reason == 0x19) continue;
    SCOPED_TRACE(reason);
    client.connect("c");
    client.send_wire("F0 ## " + hex(reason) + " [ 15 <m> ]");
    expect_cut(client, {ReasonCode::malformed_packet, ReasonCode::protocol_error});
  }
}

// covers: 5.0 MQTT-4.12.0-7
TEST_F(AuthPacket, NoneMayComeWhereConnectNamedNoMethod) {
  for (const std::string packet :
       {"F0 00", "F0 ## 18 [ 15 <m> ]", "F0 ## 19 [ 15 <m> ]", "F0 ## 18 [ 15 <m> 16 <data> ]"}) {
    SCOPED_TRACE(packet);
    client.connect("c");
    client.send_wire(packet);
    expect_cut(client, {ReasonCode::protocol_error});
  }
}

// covers: 5.0 MQTT-4.12.0-1, 5.0 MQTT-4.12.0-4
TEST_F(AuthPacket, AMethodThatIsNotKnownIsRefused) {
  mqtt::PropertyWriter method;
  method.text(PropertyId::authentication_method, "nope").text(PropertyId::authentication_data, "data");
  const auto connack = connect_with(client, "c", std::move(method));
  EXPECT_EQ(connack.type, PacketType::connack);
  EXPECT_EQ(connack.reason, ReasonCode::bad_authentication_method);
  EXPECT_FALSE(connack.session_present);
  expect_silent_close(client);
}

// covers: 5.0 MQTT-4.12.0-4
TEST(Login, ARefusedOneEndsWithConnackAndClose) {
  Doorkeeper doorkeeper;
  VirtualBroker broker(guarded_by(doorkeeper));
  TestClient client(broker, Version::v5);
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.user_name = "stranger";
  connect.password = "guess";
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::bad_user_name_or_password);
  expect_silent_close(client);
}

// covers: 5.0 MQTT-4.12.0-6
TEST_F(AuthPacket, NoneIsSentToAClientThatNamedNoMethod) {
  const auto connack = client.connect("c");
  EXPECT_EQ(connack.type, PacketType::connack);
  EXPECT_FALSE(connack.has(PropertyId::authentication_method));
  EXPECT_FALSE(connack.has(PropertyId::authentication_data));
  broker.advance(Seconds{60});
  EXPECT_TRUE(client.nothing_received());
}

}  // namespace tombo::test
