#include "v5_kit.hpp"

// MQTT 5.0, section 1.5: text, variable byte integers and pairs; section 2.1: the fixed header.
namespace tombo::test::v5a {
namespace {

/// Texts that are no valid UTF-8.
constexpr std::string_view kBadTexts[] = {
    "C0 80",           // U+0000 in two bytes
    "C1 BF",           // overlong
    "E0 80 AF",        // overlong
    "ED A0 80",        // D800
    "ED AF BF",        // DBFF
    "ED BF BF",        // DFFF
    "F4 90 80 80",     // beyond 10FFFF
    "F8 88 80 80 80",  // five bytes
    "E2 82",           // cut
    "'a' 80",          // a tail without a head
    "FF",
};
/// Texts that contain U+0000.
constexpr std::string_view kNullTexts[] = {"00", "'a' 00 'b'", "'ab' 00"};

/// CONNECTs with a text field in each place; '@' stands for it.
constexpr std::string_view kConnects[] = {
    "10 ## <MQTT> 05 02 00 00 [] @",
    "10 ## <MQTT> 05 82 00 00 [] <c> @",
    "10 ## <MQTT> 05 06 00 00 [] <c> [] @ <will>",
    "10 ## <MQTT> 05 06 00 00 [] <c> [03 @] <w> <will>",
    "10 ## <MQTT> 05 06 00 00 [] <c> [08 @] <w> <will>",
    "10 ## <MQTT> 05 02 00 00 [15 @] <c>",
};
/// Packets after CONNECT.
constexpr std::string_view kPackets[] = {
    "30 ## @ [] 'x'",      "34 ## @ 00 01 [] 'x'",       "30 ## <t> [03 @] 'x'", "30 ## <t> [08 @] 'x'",
    "82 ## 00 01 [] @ 00", "82 ## 00 01 [] <t> 00 @ 00", "A2 ## 00 01 [] @",     "E0 ## 00 [1F @]",
};
/// Name or value of a pair in each client packet.
constexpr std::string_view kConnectPairs[] = {
    "10 ## <MQTT> 05 02 00 00 [26 @ <v>] <c>",
    "10 ## <MQTT> 05 02 00 00 [26 <n> @] <c>",
    "10 ## <MQTT> 05 06 00 00 [] <c> [26 @ <v>] <w> <will>",
    "10 ## <MQTT> 05 06 00 00 [] <c> [26 <n> @] <w> <will>",
};
constexpr std::string_view kPairs[] = {
    "30 ## <t> [26 @ <v>] 'x'",      "30 ## <t> [26 <n> @] 'x'",   "82 ## 00 01 [26 @ <v>] <t> 00",
    "82 ## 00 01 [26 <n> @] <t> 00", "A2 ## 00 01 [26 @ <v>] <t>", "A2 ## 00 01 [26 <n> @] <t>",
    "40 ## 00 01 00 [26 @ <v>]",     "50 ## 00 01 00 [26 @ <v>]",  "62 ## 00 01 00 [26 @ <v>]",
    "70 ## 00 01 00 [26 @ <v>]",     "E0 ## 00 [26 <n> @]",
};

/// Every one of `patterns`, filled with every one of `texts`, ends the connection with 0x81 and routes nothing.
void expect_all_malformed(std::span<const std::string_view> patterns, std::span<const std::string_view> texts,
                          bool connects) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto pattern : patterns) {
    for (const auto text : texts) {
      SCOPED_TRACE(std::string(pattern) + " with " + std::string(text));
      TestClient client(broker, Version::v5);
      if (!connects) {
        ASSERT_EQ(client.connect("c").type, PacketType::connack);
      }
      client.send_wire(fill(pattern, text_field(text)));
      EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet}));
      EXPECT_TRUE(observer.nothing_received());
    }
  }
}

/// Size of the variable byte integer at `at`; 0 if it is longer than it needs to be.
std::size_t shortest_varint_at(const std::vector<std::uint8_t>& raw, std::size_t at) {
  std::size_t size = 1;
  while (raw[at + size - 1] >= 0x80) ++size;
  return size > 1 && raw[at + size - 1] == 0 ? 0 : size;
}

}  // namespace

// covers: 5.0 MQTT-1.5.4-1
TEST(V5Data, TextThatIsNotUtf8EndsTheConnectionInEveryPacket) {
  expect_all_malformed(kConnects, kBadTexts, true);
  expect_all_malformed(kPackets, kBadTexts, false);
}

// covers: 5.0 MQTT-1.5.4-2
TEST(V5Data, ANullCharacterInATextEndsTheConnectionInEveryPacket) {
  expect_all_malformed(kConnects, kNullTexts, true);
  expect_all_malformed(kPackets, kNullTexts, false);
}

// covers: 5.0 MQTT-1.5.7-1
TEST(V5Data, NameAndValueOfAPairAreTexts) {
  expect_all_malformed(kConnectPairs, kBadTexts, true);
  expect_all_malformed(kConnectPairs, kNullTexts, true);
  expect_all_malformed(kPairs, kBadTexts, false);
  expect_all_malformed(kPairs, kNullTexts, false);
}

// covers: 5.0 MQTT-1.5.4-3
TEST(V5Data, AByteOrderMarkIsACharacterLikeOthers) {
  VirtualBroker broker;
  TestClient marked = online(broker, "marked");
  TestClient plain = online(broker, "plain");
  TestClient all = witness(broker);
  const std::string topic =
      "\xEF\xBB\xBF"
      "t";
  marked.subscribe(topic);
  plain.subscribe("t");
  online(broker, "p").publish(topic, "x");
  const auto got = marked.publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].topic, topic);
  EXPECT_TRUE(plain.publishes().empty());
  EXPECT_EQ(all.publishes().at(0).topic, topic);
}

// covers: 5.0 MQTT-1.5.5-1
TEST(V5Data, TheServerWritesLengthsInTheirShortestForm) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe("t");
  TestClient publisher = online(broker, "p");
  // On both sides of where one more byte is needed, for the Remaining Length and for the property length.
  for (const std::size_t edge : {std::size_t{128}, std::size_t{16'384}, std::size_t{2'097'152}}) {
    for (std::size_t size = edge - 12; size <= edge + 2; ++size) {
      publisher.publish("t", std::string(size, 'x'));
      const auto raw = subscriber.next().raw;
      ASSERT_GT(raw.size(), size);
      const std::size_t length = shortest_varint_at(raw, 1);
      ASSERT_NE(length, 0u) << size;
      EXPECT_NE(shortest_varint_at(raw, 1 + length + 3), 0u) << size;
    }
  }
  for (const std::size_t edge : {std::size_t{128}, std::size_t{16'384}}) {
    for (std::size_t size = edge - 10; size <= edge + 2; ++size) {
      auto packet = message("t", "x");
      packet.properties.user("n", std::string(size, 'v'));
      publisher.publish(packet);
      const auto raw = subscriber.next().raw;
      ASSERT_GT(raw.size(), size);
      const std::size_t length = shortest_varint_at(raw, 1);
      ASSERT_NE(length, 0u) << size;
      EXPECT_NE(shortest_varint_at(raw, 1 + length + 3), 0u) << size;
    }
  }
}

// covers: 5.0 MQTT-1.5.5-1
TEST(V5Data, ALengthInFiveBytesOrLongerThanNeededEndsTheConnection) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet : {
           "30 80 80 80 80 01",  // Remaining Length in five bytes
           "30 FF FF FF FF 7F",
           "C0 80 00",  // padded Remaining Length
           "30 85 00 <t> 00 'x'",
           "30 ## <t> 80 00 'x'",  // padded property length
           "30 ## <t> 80 80 80 80 01 'x'",
           "30 ## <t> [81 00 00] 'x'",  // padded property identifier
           "82 ## 00 01 [0B 81 00] <t> 00",
           "82 ## 00 01 [0B 80 80 80 80 01] <t> 00",
       }) {
    SCOPED_TRACE(packet);
    TestClient client = online(broker, "c");
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet}));
    EXPECT_TRUE(observer.nothing_received());
  }
}

// covers: 5.0 MQTT-2.1.3-1
TEST(V5Data, AWrongReservedBitInTheFixedHeaderEndsTheConnection) {
  VirtualBroker broker;
  struct Row {
    std::uint8_t good;
    std::string_view rest;
  };
  constexpr Row kRows[] = {
      {0x40, "## 00 01"},           {0x50, "## 00 01"},        {0x62, "## 00 01"}, {0x70, "## 00 01"},
      {0x82, "## 00 01 [] <t> 00"}, {0xA2, "## 00 01 [] <t>"}, {0xC0, "00"},       {0xE0, "00"},
      {0xF0, "## 18 [15 <m>]"},
  };
  for (const auto& row : kRows) {
    for (unsigned nibble = 0; nibble < 16; ++nibble) {
      if (nibble == (row.good & 0x0FU)) continue;
      TestClient client = online(broker, "c");
      std::vector<std::uint8_t> packet{static_cast<std::uint8_t>((row.good & 0xF0U) | nibble)};
      const auto rest = wire(row.rest);
      packet.insert(packet.end(), rest.begin(), rest.end());
      client.send(packet);
      EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet})) << int{packet[0]};
    }
  }
  for (unsigned nibble = 1; nibble < 16; ++nibble) {
    TestClient client(broker, Version::v5);
    auto packet = wire("10 ## <MQTT> 05 02 00 00 [] <c>");
    packet[0] = static_cast<std::uint8_t>(0x10U | nibble);
    client.send(packet);
    const auto answer = client.next();
    EXPECT_FALSE(answer.type == PacketType::connack && answer.reason == ReasonCode::success) << nibble;
    EXPECT_TRUE(client.closed()) << nibble;
  }
}

// covers: 5.0 MQTT-2.1.3-1
TEST(V5Data, ServerPacketsCarryThePrescribedBits) {
  VirtualBroker broker;
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect("c").raw.at(0), 0x20);
  EXPECT_EQ(client.subscribe("t", Qos::exactly_once).raw.at(0), 0x90);
  EXPECT_EQ(client.publish("t", "x", Qos::at_least_once).raw.at(0), 0x40);
  const auto pubrec = client.publish("t", "x", Qos::exactly_once);
  EXPECT_EQ(pubrec.raw.at(0), 0x50);
  client.ack(PacketType::pubrel, pubrec.packet_id);
  EXPECT_EQ(client.next(PacketType::pubcomp).raw.at(0), 0x70);
  const auto first = client.next(PacketType::publish);
  const auto second = client.next(PacketType::publish);
  EXPECT_EQ(first.raw.at(0), 0x32);
  EXPECT_EQ(second.raw.at(0), 0x34);
  client.ack(PacketType::pubrec, second.packet_id);
  EXPECT_EQ(client.next(PacketType::pubrel).raw.at(0), 0x62);
  client.ping();
  EXPECT_EQ(client.next(PacketType::pingresp).raw.at(0), 0xD0);
  EXPECT_EQ(client.unsubscribe("t").raw.at(0), 0xB0);
  client.send_wire("C1 00");
  EXPECT_EQ(client.next(PacketType::disconnect).raw.at(0), 0xE0);
}

}  // namespace tombo::test::v5a
