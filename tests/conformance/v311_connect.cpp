#include "conformance/v5b_cases.hpp"

#include "support/wire_text.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Connect311 : public ::testing::Test {
 protected:
  void SetUp() override {
    watcher.connect("watcher");
    watcher.subscribe("#", Qos::exactly_once);
  }
  /// A CONNECT with these flags and this payload: a bare close is the only answer.
  void expect_closed(const std::string& packet) {
    SCOPED_TRACE(packet);
    TestClient client(broker, Version::v3_1_1);
    client.send_wire(packet);
    expect_silent_close(client);
    EXPECT_TRUE(watcher.nothing_received());
    EXPECT_FALSE(watcher.closed());
  }
  std::vector<std::uint8_t> answer_to(const std::string& packet) {
    TestClient client(broker, Version::v3_1_1);
    client.send_wire(packet);
    auto raw = client.next().raw;
    EXPECT_TRUE(client.nothing_received());
    accepted_open = !client.closed();
    return raw;
  }
  static std::string connect_packet(const std::string& flags, const std::string& payload) {
    return "10 ## <MQTT> 04 " + flags + " 00 00 " + payload;
  }
  VirtualBroker broker;
  TestClient watcher{broker, Version::v3_1_1};
  bool accepted_open = false;
};

// covers: 3.1.1 MQTT-1.5.3-1, 3.1.1 MQTT-3.1.3-4, 3.1.1 MQTT-3.1.3-10, 3.1.1 MQTT-3.1.3-11
TEST_F(Connect311, TextThatIsNoTextIsNotAnswered) {
  for (const std::string bad : {"00 02 C0 80", "00 03 ED A0 80", "00 01 C3", "00 02 C3 28", "00 04 F4 90 80 80"}) {
    expect_closed(connect_packet("02", bad));
    expect_closed(connect_packet("06", "<c> " + bad + " <gone>"));
    expect_closed(connect_packet("82", "<c> " + bad));
  }
}

// covers: 3.1.1 MQTT-1.5.3-1, 3.1.1 MQTT-3.3.2-1
TEST_F(Connect311, TopicsThatAreNoTextCutTheClientOff) {
  for (const std::string bad : {"00 02 C0 80", "00 03 ED A0 80", "00 01 C3"}) {
    for (const auto& packet : {"30 ## " + bad + " 'x'", "32 ## " + bad + " 00 01 'x'", "82 ## 00 01 " + bad + " 00"}) {
      SCOPED_TRACE(packet);
      TestClient client(broker, Version::v3_1_1);
      client.connect("c");
      client.send_wire(packet);
      expect_silent_close(client);
      EXPECT_TRUE(watcher.nothing_received());
    }
  }
}

// covers: 3.1.1 MQTT-1.5.3-2
TEST_F(Connect311, ANullCharacterIsNotAnswered) {
  expect_closed(connect_packet("02", "00 03 61 00 62"));
  expect_closed(connect_packet("06", "<c> 00 03 61 00 62 <gone>"));
  expect_closed(connect_packet("82", "<c> 00 01 00"));
}

// covers: 3.1.1 MQTT-1.5.3-3
TEST_F(Connect311, AByteOrderMarkIsACharacter) {
  TestClient publisher(broker, Version::v3_1_1);
  publisher.connect("p");
  publisher.publish("\xEF\xBB\xBFt", "x");
  EXPECT_THAT(topics(watcher), ElementsAre("\xEF\xBB\xBFt"));
  TestClient elder(broker, Version::v3_1_1);
  elder.connect("same");
  TestClient marked(broker, Version::v3_1_1);
  marked.connect("\xEF\xBB\xBFsame");
  EXPECT_FALSE(elder.closed());
}

// covers: 3.1.1 MQTT-3.1.0-1
TEST_F(Connect311, AnyOtherFirstPacketIsNotAnswered) {
  for (const std::string packet : {"30 ## <t> 'x'", "82 ## 00 01 <t> 00", "A2 ## 00 01 <t>", "C0 00", "E0 00",
                                   "20 02 00 00", "40 02 00 01", "F0 00", "00 00", "16 03 01 02 00"}) {
    expect_closed(packet);
  }
}

// covers: 3.1.1 MQTT-3.1.0-2
TEST_F(Connect311, ASecondConnectIsCutOff) {
  TestClient client(broker, Version::v3_1_1);
  connect_with_will(client, "c", "will/c");
  client.send_wire(connect_packet("02", "<c>"));
  expect_silent_close(client);
  EXPECT_THAT(topics(watcher), ElementsAre("will/c"));
}

// covers: 3.1.1 MQTT-3.1.2-1
TEST_F(Connect311, AnotherProtocolsNameIsNotAccepted) {
  for (const std::string name : {"MQTX", "mqtt", "MQTTT", "MQT", "", "MQIsdp"}) {
    SCOPED_TRACE(name);
    const auto answer = answer_to("10 ## <" + name + "> 04 02 00 00 <c>");
    EXPECT_FALSE(accepted_open);
    if (answer.empty()) continue;
    EXPECT_THAT(answer, ElementsAre(0x20, 0x02, 0x00, 0x01));
  }
}

// covers: 3.1.1 MQTT-3.1.2-2, 3.1.1 MQTT-3.2.2-4, 3.1.1 MQTT-3.2.2-5
TEST_F(Connect311, AnotherLevelIsAnsweredByCode1) {
  for (const std::string level : {"00", "01", "02", "03", "FF", "86"}) {
    SCOPED_TRACE(level);
    EXPECT_THAT(answer_to("10 ## <MQTT> " + level + " 02 00 00 <c>"), ElementsAre(0x20, 0x02, 0x00, 0x01));
    EXPECT_FALSE(accepted_open);
  }
  // Somebody newer is answered as 5.0 would be.
  TestClient newer(broker, Version::v5);
  newer.send_wire("10 ## <MQTT> 06 02 00 00 [ ] <c>");
  EXPECT_EQ(newer.next().reason, mqtt::ReasonCode::unsupported_protocol_version);
  expect_silent_close(newer);
}

// covers: 3.1.1 MQTT-3.1.2-3, 3.1.1 MQTT-3.1.2-11, 3.1.1 MQTT-3.1.2-13, 3.1.1 MQTT-3.1.2-14, 3.1.1 MQTT-3.1.2-15
// covers: 3.1.1 MQTT-3.1.2-18, 3.1.1 MQTT-3.1.2-19, 3.1.1 MQTT-3.1.2-20, 3.1.1 MQTT-3.1.2-21, 3.1.1 MQTT-3.1.2-22
// covers: 3.1.1 MQTT-3.1.2-9, 3.1.1 MQTT-3.1.3-3, 3.1.1 MQTT-3.1.4-1, 3.1.1 MQTT-3.2.2-6
TEST_F(Connect311, FlagsThatContradictThePayloadAreNotAnswered) {
  const std::pair<std::string, std::string> cases[] = {
      {"03", "<c>"},                      // the reserved bit
      {"0A", "<c>"},                      // will QoS 1 without will
      {"12", "<c>"},                      // will QoS 2 without will
      {"22", "<c>"},                      // will retain without will
      {"02", "<c> <will> <gone>"},        // will fields without will
      {"1E", "<c> <will> <gone>"},        // will QoS 3
      {"06", "<c>"},                      // no will fields
      {"06", "<c> <will>"},               // no will message
      {"06", "<c> <will> 00 05 'gone'"},  // a will message that is cut
      {"06", "<c> 00 05 'will'"},
      {"02", "<c> <user>"},  // a user name without its flag
      {"82", "<c>"},         // no user name
      {"82", "<c> 00 05 'user'"},
      {"82", "<c> <user> <password>"},  // a password without its flag
      {"C2", "<c> <user>"},             // no password
      {"42", "<c> <password>"},         // a password without user name
      {"02", ""},                       // no client id
      {"02", "00"},
      {"02", "00 02 'c'"},
      {"02", "<c> 00"},  // something behind
  };
  for (const auto& [flags, payload] : cases) expect_closed(connect_packet(flags, payload));
  for (const std::string packet : {"10 00", "10 ## <MQTT>", "10 ## <MQTT> 04", "10 ## <MQTT> 04 02 00",
                                   "12 ## <MQTT> 04 02 00 00 <c>", "10 FF FF FF FF 01", "10 80 00"}) {
    expect_closed(packet);
  }
}

// covers: 3.1.1 MQTT-3.1.3-1, 3.1.1 MQTT-3.1.2-9, 3.1.1 MQTT-3.1.2-19, 3.1.1 MQTT-3.1.2-21
TEST_F(Connect311, AConnectWithEverythingIsUnderstood) {
  for (unsigned will_qos = 0; will_qos < 3; ++will_qos) {
    SCOPED_TRACE(will_qos);
    TestClient client(broker, Version::v3_1_1);
    const unsigned flags = 0xC6U | will_qos << 3;
    client.send_wire(connect_packet(hex(flags), "<full> <will/full> <gone> <user> <password>"));
    EXPECT_THAT(client.next().raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
    client.cut();
    const auto wills = watcher.publishes();
    ASSERT_THAT(wills, SizeIs(1));
    EXPECT_EQ(wills[0].topic, "will/full");
    EXPECT_EQ(wills[0].payload, "gone");
    EXPECT_EQ(wills[0].qos, static_cast<Qos>(will_qos));
    EXPECT_FALSE(wills[0].retain);
  }
}

// covers: 3.1.1 MQTT-3.1.3-5, 3.1.1 MQTT-3.1.4-4
TEST_F(Connect311, PlainClientIdsAreAccepted) {
  const std::string alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::vector<std::string> ids = {"a", std::string(23, 'x'), alphabet.substr(0, 23), alphabet.substr(23, 23),
                                  alphabet.substr(39)};
  for (const char letter : alphabet) ids.emplace_back(1, letter);
  for (const auto& id : ids) {
    SCOPED_TRACE(id);
    EXPECT_THAT(answer_to(connect_packet("02", "<" + id + ">")), ElementsAre(0x20, 0x02, 0x00, 0x00));
    EXPECT_TRUE(accepted_open);
  }
}

// covers: 3.1.1 MQTT-3.1.3-6
TEST_F(Connect311, ClientsWithoutIdDoNotTakeEachOtherOver) {
  TestClient one(broker, Version::v3_1_1);
  TestClient two(broker, Version::v3_1_1);
  EXPECT_THAT(one.connect("").raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  EXPECT_THAT(two.connect("").raw, ElementsAre(0x20, 0x02, 0x00, 0x00));
  one.subscribe("one");
  two.subscribe("two");
  two.publish("one", "x");
  EXPECT_THAT(topics(one), ElementsAre("one"));
  EXPECT_TRUE(two.nothing_received());
  EXPECT_FALSE(one.closed());
}

// covers: 3.1.1 MQTT-3.1.3-7, 3.1.1 MQTT-3.1.3-8, 3.1.1 MQTT-3.2.2-4, 3.1.1 MQTT-3.2.2-5
TEST_F(Connect311, ALastingSessionNeedsAnId) {
  EXPECT_THAT(answer_to(connect_packet("00", "<>")), ElementsAre(0x20, 0x02, 0x00, 0x02));
  EXPECT_FALSE(accepted_open);
}

// covers: 3.1.1 MQTT-3.1.3-9, 3.1.1 MQTT-3.2.2-4, 3.1.1 MQTT-3.2.2-5
TEST(Connect311Policy, ARefusedIdIsAnsweredByCode2) {
  VirtualBroker::Setup setup;
  setup.options.mqtt.allow_empty_client_id = false;
  VirtualBroker broker(std::move(setup));
  TestClient client(broker, Version::v3_1_1);
  EXPECT_THAT(client.connect("").raw, ElementsAre(0x20, 0x02, 0x00, 0x02));
  expect_silent_close(client);
}

// covers: 3.1.1 MQTT-3.1.4-5, 3.1.1 MQTT-3.1.2-8, 3.1.1 MQTT-3.2.2-4, 3.1.1 MQTT-3.2.2-5
TEST(Connect311Policy, NothingBehindARefusedConnectIsHandled) {
  Doorkeeper doorkeeper;
  VirtualBroker broker(guarded_by(doorkeeper));
  TestClient watcher(broker, Version::v3_1_1);
  watcher.connect("w");
  watcher.subscribe("#");
  TestClient client(broker, Version::v3_1_1);
  client.send_only(wire("10 ## <MQTT> 04 C6 00 00 <c> <will/c> <gone> <stranger> <guess>"));
  client.send_only(wire("31 ## <t> 'x'"));
  client.send_wire("C0 00");
  EXPECT_THAT(client.next().raw, ElementsAre(0x20, 0x02, 0x00, 0x04));
  expect_silent_close(client);
  EXPECT_TRUE(watcher.nothing_received());
  watcher.subscribe("t");
  EXPECT_TRUE(watcher.nothing_received());
}

// covers: 3.1.1 MQTT-3.1.2-24
TEST_F(Connect311, SilenceBeyondTheKeepAliveIsAFailure) {
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.keep_alive_s = 2;
  connect.has_will = true;
  connect.will_topic = "will/c";
  TestClient client(broker, Version::v3_1_1);
  client.connect(connect);
  for (int i = 0; i < 3; ++i) {  // packets of any kind keep it alive
    broker.advance(Milliseconds{2800});
    client.ping();
    EXPECT_EQ(client.next().type, PacketType::pingresp);
    broker.advance(Milliseconds{2800});
    client.publish("$quiet", "x");
  }
  EXPECT_FALSE(client.closed());
  broker.advance(Milliseconds{2800});
  EXPECT_FALSE(client.closed());
  EXPECT_TRUE(watcher.nothing_received());
  broker.advance(Milliseconds{500});
  expect_silent_close(client);
  EXPECT_THAT(topics(watcher), ElementsAre("will/c"));
  connect.keep_alive_s = 0;
  client.connect(connect);
  broker.advance(Seconds{200'000});
  EXPECT_FALSE(client.closed());
}

}  // namespace tombo::test
