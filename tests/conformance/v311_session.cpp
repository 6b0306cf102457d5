#include "conformance/v5b_cases.hpp"

#include "support/wire_text.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Session311 : public ::testing::Test {
 protected:
  void SetUp() override {
    publisher.connect("p");
    watcher.connect("watcher");
    watcher.subscribe("will/#", Qos::exactly_once);
  }
  VirtualBroker broker;
  TestClient publisher{broker, Version::v3_1_1};
  TestClient watcher{broker, Version::v3_1_1};
  TestClient client{broker, Version::v3_1_1};
};

// covers: 3.1.1 MQTT-3.1.2-4, 3.1.1 MQTT-3.1.2-5, 3.1.1 MQTT-3.1.4-3, 3.1.1 MQTT-4.1.0-1, 3.1.1 MQTT-3.2.2-2
// covers: 3.1.1 MQTT-3.2.2-3, 3.1.1 MQTT-3.1.4-4
TEST_F(Session311, ALastingSessionIsResumed) {
  EXPECT_THAT(stay(client, "c").raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  client.subscribe("t", Qos::exactly_once);
  for (const bool politely : {false, true}) {
    if (politely) {
      client.disconnect();
    } else {
      client.cut();
    }
    publisher.publish("t", "one", Qos::at_least_once);
    publisher.publish("t", "two", Qos::exactly_once);
    broker.advance(Seconds{3600});
    EXPECT_THAT(stay(client, "c").raw, ElementsAre(0x20, 0x02, 0x01, 0x00));
    const auto waited = client.publishes();
    EXPECT_THAT(payloads_of(waited), ElementsAre("one", "two"));
    client.ack(PacketType::puback, waited[0].packet_id);
    client.ack(PacketType::pubrec, waited[1].packet_id);
    client.ack(PacketType::pubcomp, waited[1].packet_id);
    client.drop_received();
    publisher.publish("t", "live");
    EXPECT_THAT(payloads(client), ElementsAre("live"));
  }
}

// covers: 3.1.1 MQTT-3.1.2-6, 3.1.1 MQTT-3.1.4-3, 3.1.1 MQTT-3.2.2-1, 3.1.1 MQTT-3.2.2-3
TEST_F(Session311, ACleanSessionDropsTheOldAndLeavesNothing) {
  stay(client, "c");
  client.subscribe("t", Qos::at_least_once);
  client.cut();
  publisher.publish("t", "missed", Qos::at_least_once);
  EXPECT_THAT(client.connect("c", true).raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  publisher.publish("t", "not subscribed", Qos::at_least_once);
  EXPECT_TRUE(client.nothing_received());
  client.subscribe("t", Qos::at_least_once);
  client.cut();
  publisher.publish("t", "missed", Qos::at_least_once);
  EXPECT_THAT(stay(client, "c").raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  publisher.publish("t", "not subscribed", Qos::at_least_once);
  EXPECT_TRUE(client.nothing_received());
}

// covers: 3.1.1 MQTT-3.1.3-2
TEST_F(Session311, TheClientIdIsTheKeyOfTheSession) {
  stay(client, "c");
  client.subscribe("t", Qos::at_least_once);
  client.cut();
  publisher.publish("t", "x", Qos::at_least_once);
  for (const std::string other : {"C", "c ", "cc", "d"}) {
    TestClient stranger(broker, Version::v3_1_1);
    EXPECT_FALSE(stay(stranger, other).session_present);
    EXPECT_TRUE(stranger.nothing_received());
  }
  TestClient same(broker, Version::v3_1_1);
  EXPECT_TRUE(stay(same, "c").session_present);
  EXPECT_THAT(payloads(same), ElementsAre("x"));
}

// covers: 3.1.1 MQTT-3.1.2-7
TEST_F(Session311, RetainedMessagesOutliveTheirPublishersSession) {
  client.connect("c", true);
  client.publish("kept", "x", Qos::at_least_once, true);
  client.disconnect();
  client.connect("c", true);
  client.cut();
  watcher.subscribe("kept");
  EXPECT_THAT(payloads(watcher), ElementsAre("x"));
}

// covers: 3.1.1 MQTT-3.1.4-2
TEST_F(Session311, TheElderOfTwoIsCutOff) {
  for (const bool clean : {true, false}) {
    SCOPED_TRACE(clean);
    connect_with_will(client, "c", "will/c");
    TestClient younger(broker, Version::v3_1_1);
    EXPECT_THAT(younger.connect("c", clean).raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
    expect_silent_close(client);
    EXPECT_THAT(topics(watcher), ElementsAre("will/c"));
    EXPECT_FALSE(younger.closed());
    younger.disconnect();
    watcher.drop_received();
  }
}

// covers: 3.1.1 MQTT-3.2.0-1
TEST_F(Session311, ConnackComesBeforeTheBacklog) {
  stay(client, "c");
  client.subscribe("t", Qos::exactly_once);
  publisher.publish("t", "unacknowledged", Qos::exactly_once);
  client.cut();
  publisher.publish("t", "queued", Qos::at_least_once);
  EXPECT_EQ(stay(client, "c").type, PacketType::connack);
  EXPECT_THAT(payloads(client), ElementsAre("unacknowledged", "queued"));
}

// covers: 3.1.1 MQTT-3.1.2-8, 3.1.1 MQTT-3.1.2-10
TEST_F(Session311, AWillIsSentOnceWhenTheConnectionIsLost) {
  connect_with_will(client, "c", "will/c");
  EXPECT_TRUE(watcher.nothing_received());
  client.cut();
  EXPECT_THAT(payloads(watcher), ElementsAre("gone"));
  client.connect("c");
  client.cut();
  EXPECT_TRUE(watcher.nothing_received());
  // A violation of the protocol is a loss, too.
  connect_with_will(client, "c", "will/c");
  client.send_wire("36 ## <t> 00 01 'x'");
  EXPECT_THAT(payloads(watcher), ElementsAre("gone"));
}

// covers: 3.1.1 MQTT-3.1.2-12
TEST_F(Session311, WithoutWillNothingIsSent) {
  watcher.subscribe("#");
  stay(client, "c");
  client.cut();
  client.connect("c");
  client.cut();
  broker.advance(Seconds{60});
  EXPECT_TRUE(watcher.nothing_received());
}

// covers: 3.1.1 MQTT-3.1.2-16, 3.1.1 MQTT-3.1.2-17
TEST_F(Session311, AWillIsRetainedAsItsFlagSays) {
  for (const bool retained : {false, true}) {
    SCOPED_TRACE(retained);
    TestClient::Connect connect;
    connect.client_id = "c";
    connect.has_will = true;
    connect.will_topic = "will/c";
    connect.will_payload = "gone";
    connect.will_qos = Qos::at_least_once;
    connect.will_retain = retained;
    client.connect(connect);
    client.cut();
    const auto live = watcher.publishes();
    ASSERT_THAT(live, SizeIs(1));
    EXPECT_FALSE(live[0].retain);
    TestClient late(broker, Version::v3_1_1);
    late.connect("late");
    late.subscribe("will/c", Qos::exactly_once);
    const auto kept = late.publishes();
    ASSERT_THAT(kept, SizeIs(retained ? 1 : 0));
    if (!retained) continue;
    EXPECT_TRUE(kept[0].retain);
    EXPECT_EQ(kept[0].payload, "gone");
    EXPECT_EQ(kept[0].qos, Qos::at_least_once);
  }
}

// covers: 3.1.1 MQTT-2.2.2-1
TEST_F(Session311, TheServersPacketsCarryThePrescribedFlags) {
  EXPECT_EQ(client.connect("c").flags, 0);
  EXPECT_EQ(client.subscribe("t", Qos::exactly_once).flags, 0);
  EXPECT_EQ(client.publish("t", "x", Qos::at_least_once).flags, 0);
  const auto pubrec = client.publish("t", "x", Qos::exactly_once);
  EXPECT_EQ(pubrec.flags, 0);
  client.ack(PacketType::pubrel, pubrec.packet_id);
  EXPECT_EQ(client.next(PacketType::pubcomp).flags, 0);
  const auto got = client.publishes();
  ASSERT_THAT(got, SizeIs(2));
  client.ack(PacketType::pubrec, got[1].packet_id);
  EXPECT_EQ(client.next(PacketType::pubrel).flags, 2);
  EXPECT_EQ(client.unsubscribe("t").flags, 0);
  client.ping();
  EXPECT_EQ(client.next(PacketType::pingresp).flags, 0);
}

// covers: 3.1.1 MQTT-2.2.2-2
TEST_F(Session311, OtherFlagsCutTheClientOff) {
  struct Case {
    unsigned type;
    std::string body;
    unsigned allowed;
  };
  const std::vector<Case> cases = {
      {0x40, "02 00 01", 0},     {0x50, "02 00 01", 0},     {0x60, "02 00 01", 2},
      {0x70, "02 00 01", 0},     {0xC0, "00", 0},           {0x80, "## 00 01 <t> 00", 2},
      {0xA0, "## 00 01 <t>", 2}, {0xE0, "00", 16},          {0x00, "00", 16},
      {0x20, "02 00 00", 16},    {0x90, "03 00 01 00", 16}, {0xB0, "02 00 01", 16},
      {0xD0, "00", 16},          {0xF0, "00", 16},
  };
  for (const auto& row : cases) {
    for (unsigned flags = 0; flags < 16; ++flags) {
      SCOPED_TRACE(hex(row.type | flags));
      if (row.type == 0xE0 && flags == 0) continue;
      client.connect("c");
      client.send_wire(hex(row.type | flags) + " " + row.body);
      if (flags == row.allowed) {
        EXPECT_FALSE(client.closed());
      } else {
        expect_silent_close(client);
      }
    }
  }
}

// covers: 3.1.1 MQTT-2.3.1-1
TEST_F(Session311, IdentifierZeroCutsTheClientOff) {
  for (const std::string packet :
       {"32 ## <t> 00 00 'x'", "34 ## <t> 00 00 'x'", "82 ## 00 00 <t> 00", "A2 ## 00 00 <t>"}) {
    SCOPED_TRACE(packet);
    client.connect("c");
    client.send_wire(packet);
    expect_silent_close(client);
  }
}

// covers: 3.1.1 MQTT-7.0.0-2
TEST(Defaults311, APlainClientNeedsNothingSpecial) {
  config::Options options;  // what an operator gets who only allows anonymous clients
  options.listeners.emplace_back();
  options.allow_anonymous = true;
  VirtualBroker::Setup setup;
  setup.options = std::move(options);
  VirtualBroker broker(std::move(setup));
  TestClient client(broker, Version::v3_1_1);
  EXPECT_THAT(client.connect("c").raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  client.subscribe("t/+", Qos::exactly_once);
  for (const auto qos : kEveryQos) {
    client.publish("t/1", "x", qos);
    EXPECT_EQ(client.next(PacketType::publish).qos, qos);
  }
  client.unsubscribe("t/+");
  client.ping();
  EXPECT_EQ(client.next(PacketType::pingresp).type, PacketType::pingresp);
  client.disconnect();
  EXPECT_TRUE(client.closed());
}

}  // namespace tombo::test
