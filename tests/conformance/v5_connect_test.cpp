#include "v5_kit.hpp"

#include "support/wire_cases.hpp"

// MQTT 5.0, section 3.1: what a CONNECT must look like and what its payload means.  Sessions, wills and limits have
// files of their own.
namespace tombo::test::v5a {
namespace {

constexpr std::string_view kFullConnect =
    "10 ## <MQTT> 05 F6 00 3C [21 00 0A] <c> [01 01] <w/t> <gone> <alice> <secret>";

/// The packet with only the first `size` bytes of its body, its length being true.
std::vector<std::uint8_t> cut_body(std::string_view packet, std::size_t size) {
  const auto whole = wire(packet);
  std::vector<std::uint8_t> cut{whole[0], static_cast<std::uint8_t>(size)};
  cut.insert(cut.end(), whole.begin() + 2, whole.begin() + 2 + static_cast<std::ptrdiff_t>(size));
  return cut;
}

/// Whether what the server said, if anything, is a CONNACK with this reason or return code in one of both forms.
bool is_refusal(const std::vector<std::uint8_t>& raw, std::uint8_t reason_v5, std::uint8_t code_v3) {
  if (raw.empty()) return true;
  if (raw.size() == 4) return raw == std::vector<std::uint8_t>{0x20, 2, 0, code_v3};
  return raw.size() >= 5 && raw[0] == 0x20 && raw[2] == 0 && raw[3] == reason_v5;
}

std::vector<std::uint8_t> answer_to(TestClient& client, std::string_view packet) {
  client.send_wire(packet);
  return client.connection().take_received();
}

}  // namespace

// covers: 5.0 MQTT-3.1.0-1
TEST(V5Connect, AnyOtherFirstPacketIsAnsweredByTheCloseAlone) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet :
       {"C0 00", "30 ## <t> [] 'x'", "32 ## <t> 00 01 [] 'x'", "82 ## 00 01 [] <t> 00", "A2 ## 00 01 [] <t>",
        "40 ## 00 01", "50 ## 00 01", "62 ## 00 01", "70 ## 00 01", "E0 00", "F0 ## 18 [15 <m>]", "F0 00",
        "20 ## 00 00 []", "90 ## 00 01 [] 00", "B0 ## 00 01 [] 00", "D0 00", "00 00"}) {
    SCOPED_TRACE(packet);
    TestClient client(broker, Version::v5);
    EXPECT_EQ(answer_to(client, packet), std::vector<std::uint8_t>{});
    EXPECT_TRUE(client.closed());
    EXPECT_TRUE(observer.nothing_received());
  }
}

// covers: 5.0 MQTT-3.1.0-2, 5.0 MQTT-3.2.0-2
TEST(V5Connect, ASecondConnectEndsTheConnectionAndFiresTheWill) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  auto connect = named("c");
  connect.has_will = true;
  connect.will_topic = "w";
  connect.will_payload = "gone";
  TestClient client = online(broker, connect);
  client.send_wire("10 ## <MQTT> 05 02 00 00 [] <c>");
  const auto last = client.next();
  EXPECT_EQ(last.type, PacketType::disconnect) << "a second CONNACK is not allowed";
  EXPECT_EQ(last.reason, ReasonCode::protocol_error);
  EXPECT_TRUE(client.nothing_received());
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(payloads(observer.publishes()), std::vector<std::string>{"gone"});
}

// covers: 5.0 MQTT-3.1.2-1
TEST(V5Connect, AnotherProtocolNameIsRefused) {
  VirtualBroker broker;
  for (const auto name : {"<MQTX>", "<mqtt>", "<>", "<MQTTT>", "<MQT>", "00 05 'MQTT' 00"}) {
    SCOPED_TRACE(name);
    TestClient client(broker, Version::v5);
    const auto raw = answer_to(client, fill("10 ## @ 05 02 00 00 [] <c>", name));
    EXPECT_TRUE(raw.empty() || (raw.size() >= 5 && raw[0] == 0x20 && raw[2] == 0 && raw[3] == 0x84));
    EXPECT_TRUE(client.closed());
  }
}

// covers: 5.0 MQTT-3.1.2-2
TEST(V5Connect, AnUnsupportedVersionIsRefused) {
  VirtualBroker broker;
  for (const auto version : {"00", "01", "02", "03", "06", "07", "7F", "80", "FF"}) {
    SCOPED_TRACE(version);
    TestClient client(broker, Version::v5);
    EXPECT_TRUE(is_refusal(answer_to(client, fill("10 ## <MQTT> @ 02 00 00 [] <c>", version)), 0x84, 0x01));
    EXPECT_TRUE(client.closed());
  }
}

// covers: 5.0 MQTT-3.1.2-3, 5.0 MQTT-3.1.2-11, 5.0 MQTT-3.1.2-12, 5.0 MQTT-3.1.2-13
TEST(V5Connect, FlagsThatContradictThemselvesAreMalformed) {
  VirtualBroker broker;
  struct Row {
    std::string_view flags;
    std::string_view what;
  };
  for (const Row row : {Row{"01", "reserved bit"},
                        {"03", "reserved bit and clean start"},
                        {"07", "reserved bit and will"},
                        {"0A", "will QoS 1 without will"},
                        {"12", "will QoS 2 without will"},
                        {"1A", "will QoS 3 without will"},
                        {"22", "will retain without will"},
                        {"2A", "will QoS and retain without will"},
                        {"1E", "will QoS 3"},
                        {"3E", "will QoS 3 with retain"}}) {
    SCOPED_TRACE(row.what);
    // Once with the fields that a will would have, once without.
    for (const auto rest : {"00 00 [] <c> [] <w> <x>", "00 00 [] <c>"}) {
      TestClient client(broker, Version::v5);
      client.send_wire("10 ## <MQTT> 05 " + std::string(row.flags) + rest);
      EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet}));
    }
  }
}

// covers: 5.0 MQTT-3.1.2-16, 5.0 MQTT-3.1.2-18
TEST(V5Connect, BytesAfterTheLastFieldAreMalformed) {
  VirtualBroker broker;
  for (const auto packet : {
           "10 ## <MQTT> 05 02 00 00 [] <c> <user>",  // no user name flag
           "10 ## <MQTT> 05 02 00 00 [] <c> <user> <pass>",
           "10 ## <MQTT> 05 82 00 00 [] <c> <user> <pass>",  // no password flag
           "10 ## <MQTT> 05 42 00 00 [] <c> <user> <pass>",  // password flag only: one field
           "10 ## <MQTT> 05 C2 00 00 [] <c> <user> <pass> 00", "10 ## <MQTT> 05 02 00 00 [] <c> 00",
           "10 ## <MQTT> 05 02 00 00 [] <c> [] <w> <x>",  // a will without its flag
       }) {
    SCOPED_TRACE(packet);
    TestClient client(broker, Version::v5);
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet}));
  }
}

// covers: 5.0 MQTT-3.1.2-17, 5.0 MQTT-3.1.2-19
TEST(V5Connect, AFieldThatItsFlagPromisesMustBeThere) {
  VirtualBroker broker;
  for (const auto packet :
       {"10 ## <MQTT> 05 82 00 00 [] <c>", "10 ## <MQTT> 05 42 00 00 [] <c>", "10 ## <MQTT> 05 C2 00 00 [] <c>",
        "10 ## <MQTT> 05 C2 00 00 [] <c> <user>", "10 ## <MQTT> 05 82 00 00 [] <c> 00"}) {
    SCOPED_TRACE(packet);
    TestClient client(broker, Version::v5);
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet}));
  }
}

// covers: 5.0 MQTT-3.1.2-17, 5.0 MQTT-3.1.2-19
TEST(V5Connect, UserNameAndPasswordMayComeAloneOrTogether) {
  VirtualBroker broker;
  for (const auto packet : {"10 ## <MQTT> 05 82 00 00 [] <c> <user>", "10 ## <MQTT> 05 42 00 00 [] <c> <pass>",
                            "10 ## <MQTT> 05 C2 00 00 [] <c> <user> <pass>", "10 ## <MQTT> 05 C2 00 00 [] <c> <> <>"}) {
    SCOPED_TRACE(packet);
    TestClient client(broker, Version::v5);
    client.send_wire(packet);
    const auto connack = client.next();
    EXPECT_EQ(connack.type, PacketType::connack);
    EXPECT_EQ(connack.reason, ReasonCode::success);
    EXPECT_TRUE(alive(client));
  }
}

// covers: 5.0 MQTT-3.1.2-30
TEST(V5Connect, NothingIsHandledWhileAnAuthenticationMethodWaits) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  TestClient client(broker, Version::v5);
  auto bytes = wire("10 ## <MQTT> 05 02 00 00 [15 <SHA>] <c>");
  const auto publish = wire("30 ## <t> [] 'x'");
  bytes.insert(bytes.end(), publish.begin(), publish.end());
  client.send(bytes);
  const auto last = client.next();
  EXPECT_TRUE(last.type == PacketType::connack || last.type == PacketType::disconnect);
  EXPECT_TRUE(mqtt::is_error(last.reason));
  EXPECT_TRUE(client.nothing_received());
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(observer.nothing_received());
}

// covers: 5.0 MQTT-3.1.3-1, 5.0 MQTT-3.1.2-9
TEST(V5Connect, EveryFieldOfThePayloadIsUnderstoodInItsPlace) {
  VirtualBroker::Setup setup;
  OneAccount account;
  setup.authenticator = &account;
  VirtualBroker broker(std::move(setup));
  TestClient observer(broker, Version::v5);
  ASSERT_EQ(observer.connect(as_alice(named("observer"))).reason, ReasonCode::success);
  observer.subscribe("w/#", options(Qos::exactly_once, RetainHandling::send, true));
  TestClient client(broker, Version::v5);
  client.send_wire(kFullConnect);
  ASSERT_EQ(client.next().reason, ReasonCode::success);  // user name and password
  client.cut();
  const auto will = observer.next();
  EXPECT_EQ(will.topic, "w/t");
  EXPECT_EQ(will.payload, "gone");
  EXPECT_EQ(will.qos, Qos::exactly_once);
  EXPECT_TRUE(will.retain);
  EXPECT_EQ(will.number(PropertyId::payload_format_indicator), 1u);
  EXPECT_EQ(client.connect(as_alice(named("c"), "wrong")).reason, ReasonCode::bad_user_name_or_password);
}

// covers: 5.0 MQTT-3.1.2-9, 5.0 MQTT-3.1.3-3, 5.0 MQTT-3.1.4-1
TEST(V5Connect, AConnectCutAnywhereIsMalformed) {
  VirtualBroker broker;
  const std::size_t whole = wire(kFullConnect).size() - 2;
  for (std::size_t size = 0; size < whole; ++size) {
    TestClient client(broker, Version::v5);
    client.send(cut_body(kFullConnect, size));
    const auto raw = client.connection().take_received();
    EXPECT_TRUE(is_refusal(raw, 0x81, 0x01)) << size;
    EXPECT_TRUE(client.closed()) << size;
  }
  TestClient client(broker, Version::v5);
  client.send(cut_body(kFullConnect, whole));
  EXPECT_EQ(client.next().reason, ReasonCode::success);
}

// covers: 5.0 MQTT-3.1.4-1
TEST(V5Connect, NoMalformedConnectOfTheWireTableIsAccepted) {
  int walked = 0;
  for (const auto& row : wire_cases()) {
    if (row.ok || row.version != Version::v5 || row.sender != mqtt::Sender::client || row.bytes.empty()) continue;
    if (row.bytes[0] >> 4 != static_cast<int>(PacketType::connect)) continue;
    ++walked;
    VirtualBroker broker;
    TestClient client(broker, Version::v5);
    client.send(row.bytes);
    const auto raw = client.connection().take_received();
    EXPECT_TRUE(client.closed()) << row.name;
    if (raw.empty()) continue;
    ASSERT_GE(raw.size(), 4u) << row.name;
    EXPECT_EQ(raw[0], 0x20) << row.name;
    EXPECT_NE(raw[3], 0) << row.name;
  }
  EXPECT_GT(walked, 50);
}

// covers: 5.0 MQTT-3.1.3-4, 5.0 MQTT-3.1.3-11, 5.0 MQTT-3.1.3-12
TEST(V5Connect, ClientIdWillTopicAndUserNameAreTexts) {
  VirtualBroker broker;
  for (const auto text : {"ED A0 80", "C0 80", "FF", "'a' 00"}) {
    for (const auto pattern : {"10 ## <MQTT> 05 02 00 00 [] @", "10 ## <MQTT> 05 06 00 00 [] <c> [] @ <x>",
                               "10 ## <MQTT> 05 82 00 00 [] <c> @"}) {
      SCOPED_TRACE(fill(pattern, text));
      TestClient client(broker, Version::v5);
      client.send_wire(fill(pattern, text_field(text)));
      EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet, ReasonCode::client_identifier_not_valid}));
    }
  }
  for (const auto topic : {"<a/+>", "<#>", "<a/#/b>", "<a+>"}) {
    TestClient client(broker, Version::v5);
    client.send_wire(fill("10 ## <MQTT> 05 06 00 00 [] <c> [] @ <x>", topic));
    EXPECT_TRUE(refused_with(client, {ReasonCode::topic_name_invalid})) << topic;
  }
}

// covers: 5.0 MQTT-3.1.4-2, 5.0 MQTT-3.2.2-7, 5.0 MQTT-3.1.4-6
TEST(V5Connect, AWrongPasswordEndsTheConnectionAndWhatFollowsIsNotHandled) {
  VirtualBroker::Setup setup;
  OneAccount account;
  setup.authenticator = &account;
  VirtualBroker broker(std::move(setup));
  TestClient observer(broker, Version::v5);
  ASSERT_EQ(observer.connect(as_alice(named("observer"))).reason, ReasonCode::success);
  observer.subscribe("#", Qos::exactly_once);
  for (const auto after : {"30 ## <t> [] 'x'", "32 ## <t> 00 01 [] 'x'", "31 ## <t> [] 'x'"}) {
    TestClient client(broker, Version::v5);
    auto bytes = wire("10 ## <MQTT> 05 C2 00 00 [] <c> <alice> <wrong>");
    const auto more = wire(after);
    bytes.insert(bytes.end(), more.begin(), more.end());
    client.send(bytes);
    EXPECT_TRUE(refused_with(client, {ReasonCode::bad_user_name_or_password, ReasonCode::not_authorized}));
    EXPECT_TRUE(observer.nothing_received());
  }
  observer.subscribe("t");
  EXPECT_TRUE(observer.nothing_received()) << "a retained message of a refused client was kept";
}

// covers: 5.0 MQTT-3.1.4-5
TEST(V5Connect, AnAcceptedConnectIsAnsweredBySuccess) {
  VirtualBroker broker;
  TestClient client(broker, Version::v5);
  const auto connack = client.connect("c");
  EXPECT_EQ(connack.type, PacketType::connack);
  EXPECT_EQ(connack.raw.at(3), 0);
  EXPECT_TRUE(alive(client));
}

}  // namespace tombo::test::v5a
