#include "v5_kit.hpp"

// MQTT 5.0, section 3.3.1 and 3.3.2: flags, topic and properties of PUBLISH.  Retained messages have a file of their own.
namespace tombo::test::v5a {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

}  // namespace

// covers: 5.0 MQTT-3.3.1-1
TEST(V5Dup, IsSetWhenAMessageIsSentAgain) {
  for (const auto qos : {Qos::at_least_once, Qos::exactly_once}) {
    VirtualBroker broker;
    TestClient subscriber = online(broker, named("s", 1000));
    subscriber.subscribe("t", qos);
    online(broker, "p").publish("t", "x", qos);
    const auto first = subscriber.next();
    EXPECT_FALSE(first.dup);
    for (int i = 0; i < 2; ++i) {
      subscriber.cut();
      EXPECT_TRUE(subscriber.connect(named("s", 1000, false)).session_present);
      const auto again = subscriber.next();
      EXPECT_EQ(again.type, PacketType::publish);
      EXPECT_TRUE(again.dup);
      EXPECT_EQ(again.packet_id, first.packet_id);
      EXPECT_EQ(again.qos, qos);
      EXPECT_EQ(again.payload, "x");
      EXPECT_TRUE(subscriber.nothing_received());
    }
  }
}

// covers: 5.0 MQTT-3.3.1-2
TEST(V5Dup, IsNeverSetAtQos0) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe("t", Qos::at_most_once);
  TestClient client = online(broker, "c");
  client.publish("t", "0");
  client.send_wire("3A ## <t> 00 01 [] '1'");  // DUP at QoS 1, delivered at QoS 0
  const auto got = subscriber.publishes();
  EXPECT_EQ(payloads(got), (std::vector<std::string>{"0", "1"}));
  for (const auto& packet : got) EXPECT_EQ(packet.raw.at(0) & 0x08, 0);
  for (const auto packet : {"38 ## <t> [] 'x'", "39 ## <t> [] 'x'"}) {
    TestClient wrong = online(broker, "w");
    wrong.send_wire(packet);
    EXPECT_TRUE(refused_with(wrong, {ReasonCode::malformed_packet})) << packet;
    EXPECT_TRUE(subscriber.nothing_received());
  }
}

// covers: 5.0 MQTT-3.3.1-3
TEST(V5Dup, OfThePublisherIsNotPassedOn) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe("t", Qos::exactly_once);
  TestClient client = online(broker, "c");
  client.send_wire("3A ## <t> 00 01 [] '1'");
  client.send_wire("3C ## <t> 00 02 [] '2'");
  const auto got = subscriber.publishes();
  EXPECT_EQ(payloads(got), (std::vector<std::string>{"1", "2"}));
  for (const auto& packet : got) EXPECT_FALSE(packet.dup);
}

// covers: 5.0 MQTT-3.3.1-4
TEST(V5Publish, QosThreeEndsTheConnection) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet :
       {"36 ## <t> 00 01 [] 'x'", "37 ## <t> 00 01 [] 'x'", "3E ## <t> 00 01 [] 'x'", "3F ## <t> 00 01 [] 'x'"}) {
    TestClient client = online(broker, "c");
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet})) << packet;
    EXPECT_TRUE(observer.nothing_received());
  }
}

// covers: 5.0 MQTT-3.3.2-1, 5.0 MQTT-3.3.2-13, 5.0 MQTT-3.3.2-19
TEST(V5Publish, TopicResponseTopicAndContentTypeAreTexts) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto text : {"ED A0 80", "C0 80", "FF", "'a' 00", "E2 82"}) {
    for (const auto pattern : {"30 ## @ [] 'x'", "30 ## <t> [08 @] 'x'", "30 ## <t> [03 @] 'x'"}) {
      TestClient client = online(broker, "c");
      client.send_wire(fill(pattern, text_field(text)));
      EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet})) << pattern << " " << text;
      EXPECT_TRUE(observer.nothing_received());
    }
  }
}

// covers: 5.0 MQTT-3.3.2-1
TEST(V5Publish, TheTopicMustBeWholeAndThere) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet : {"30 00", "30 ## 00", "30 ## 00 05 't'", "30 ## <> [] 'x'", "32 ## <> 00 01 [] 'x'"}) {
    TestClient client = online(broker, "c");
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::malformed_packet, ReasonCode::protocol_error})) << packet;
    EXPECT_TRUE(observer.nothing_received());
  }
}

// covers: 5.0 MQTT-3.3.2-2, 5.0 MQTT-3.3.2-14
TEST(V5Publish, NeitherTopicNorResponseTopicHasWildcards) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto topic : {"<+>", "<#>", "<a/+>", "<a/#>", "<+/a>", "<a/+/b>", "<a+>", "<a#b>"}) {
    for (const auto pattern : {"30 ## @ [] 'x'", "31 ## @ [] 'x'", "32 ## @ 00 01 [] 'x'", "30 ## <t> [08 @] 'x'",
                               "34 ## <t> 00 01 [08 @] 'x'"}) {
      TestClient client = online(broker, "c");
      client.send_wire(fill(pattern, topic));
      EXPECT_TRUE(refused_with(
          client, {ReasonCode::topic_name_invalid, ReasonCode::malformed_packet, ReasonCode::protocol_error}))
          << pattern << " " << topic;
      EXPECT_TRUE(observer.nothing_received());
    }
  }
}

// covers: 5.0 MQTT-3.3.2-3
TEST(V5Publish, WhatIsDeliveredMatchesTheFilter) {
  VirtualBroker broker;
  struct Row {
    std::string filter;
    std::vector<std::string> wanted;
  };
  const std::vector<std::string> topics{"a", "a/b", "a/b/c", "/a", "a/", "b", "A", "$x/a", "a//b"};
  const Row rows[] = {
      {"a", {"a"}},
      {"a/b", {"a/b"}},
      {"a/#", {"a", "a/b", "a/b/c", "a/", "a//b"}},
      {"a/+", {"a/b", "a/"}},
      {"+", {"a", "b", "A"}},
      {"+/+", {"a/b", "/a", "a/"}},
      {"#", {"a", "a/b", "a/b/c", "/a", "a/", "b", "A", "a//b"}},
      {"a/+/b", {"a//b"}},
      {"$x/+", {"$x/a"}},
      {"$share/g/a/+", {"a/b", "a/"}},
  };
  TestClient publisher = online(broker, "p");
  for (const auto& row : rows) {
    TestClient subscriber = online(broker, "s");
    subscriber.subscribe(row.filter);
    for (const auto& topic : topics) publisher.publish(topic, "x");
    std::vector<std::string> got;
    for (const auto& packet : subscriber.publishes()) got.push_back(packet.topic);
    EXPECT_EQ(got, row.wanted) << row.filter;
  }
}

// covers: 5.0 MQTT-3.3.2-4, 5.0 MQTT-3.3.2-15, 5.0 MQTT-3.3.2-16, 5.0 MQTT-3.3.2-17, 5.0 MQTT-3.3.2-18, 5.0 MQTT-3.3.2-20
TEST(V5Publish, ItsPropertiesPassUnchanged) {
  const std::string_view sections[] = {
      "[]",
      "[01 00]",
      "[01 01]",
      "[08 <answer/here>]",
      "[08 <\xC3\xA4/\xE2\x82\xAC>]",
      "[09 00 00]",
      "[09 00 04 00 FF 00 80]",
      "[03 <text/plain>]",
      "[03 <>]",
      "[26 <a> <1>]",
      "[26 <b> <2> 26 <a> <1> 26 <b> <2> 26 <> <> 26 <a> <3>]",
      "[26 <z> <1> 01 01 26 <y> <2> 03 <c> 26 <z> <0> 08 <r> 09 <d>]",
  };
  for (const auto section : sections) {
    SCOPED_TRACE(section);
    VirtualBroker broker;
    TestClient live = online(broker, "live");
    live.subscribe("t", options(Qos::exactly_once, RetainHandling::send, true));
    TestClient publisher = online(broker, "p");
    publisher.send_wire("31 ## <t> " + std::string(section) + " 'x'");
    TestClient late = online(broker, "late");
    late.subscribe("t");
    for (TestClient* client : {&live, &late}) {
      EXPECT_EQ(client->next(PacketType::publish).raw, wire("31 ## <t> " + std::string(section) + " 'x'"));
    }
    publisher.send_wire("34 ## <t> 00 01 " + std::string(section) + " 'x'");
    EXPECT_EQ(live.next(PacketType::publish).raw, wire("34 ## <t> 00 01 " + std::string(section) + " 'x'"));
  }
}

// covers: 5.0 MQTT-3.3.2-4, 5.0 MQTT-3.3.2-17, 5.0 MQTT-3.3.2-18
TEST(V5Publish, ManyUserPropertiesPassToClientsThatWereAway) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, named("s", 100));
  subscriber.subscribe("t", Qos::at_least_once);
  subscriber.cut();
  auto publish = message("t", "x", Qos::at_least_once);
  Pairs sent;
  for (int i = 0; i < 100; ++i) {
    sent.emplace_back("n" + std::to_string(i % 7), std::string(static_cast<std::size_t>(i), 'v'));
    publish.properties.user(sent.back().first, sent.back().second);
  }
  online(broker, "p").publish(publish);
  subscriber.connect(named("s", 100, false));
  const auto got = subscriber.next();
  EXPECT_EQ(got.user_properties, sent);
  EXPECT_FALSE(got.has(PropertyId::payload_format_indicator));
}

// covers: 5.0 MQTT-3.3.2-5
TEST(V5MessageExpiry, AnExpiredMessageIsNotDelivered) {
  VirtualBroker broker;
  auto slow = named("slow", 100);
  slow.properties.number(PropertyId::receive_maximum, 1);
  TestClient blocked = online(broker, slow);
  blocked.subscribe("t", Qos::at_least_once);
  TestClient away = online(broker, named("away", 100));
  away.subscribe("t", Qos::exactly_once);
  away.cut();
  TestClient publisher = online(broker, "p");
  publisher.publish("t", "lasting", Qos::at_least_once);
  auto publish = message("t", "brief", Qos::at_least_once, true);
  publish.properties.number(PropertyId::message_expiry_interval, 1);
  publisher.publish(publish);
  publisher.publish("t", "last", Qos::at_least_once);
  const auto first = blocked.publishes();
  EXPECT_EQ(payloads(first), std::vector<std::string>{"lasting"});
  broker.advance(Seconds{2});
  away.connect(named("away", 100, false));
  EXPECT_EQ(payloads(away.publishes()), (std::vector<std::string>{"lasting", "last"}));
  ASSERT_EQ(first.size(), 1u);
  blocked.ack(PacketType::puback, first[0].packet_id);
  EXPECT_EQ(payloads(blocked.publishes()), std::vector<std::string>{"last"});
  TestClient late = online(broker, "late");
  late.subscribe("t", Qos::at_least_once);
  EXPECT_TRUE(late.publishes().empty()) << "the retained one has expired, too";
}

// covers: 5.0 MQTT-3.3.2-6
TEST(V5MessageExpiry, WhatIsForwardedIsWhatIsLeft) {
  VirtualBroker broker;
  TestClient live = online(broker, "live");
  live.subscribe("t");
  TestClient away = online(broker, named("away", 1000));
  away.subscribe("t", Qos::at_least_once);
  away.cut();
  auto publish = message("t", "x", Qos::at_least_once, true);
  publish.properties.number(PropertyId::message_expiry_interval, 100);
  online(broker, "p").publish(publish);
  EXPECT_EQ(live.next().number(PropertyId::message_expiry_interval), 100u);
  broker.advance(Seconds{30});
  away.connect(named("away", 1000, false));
  EXPECT_NEAR(away.next().number(PropertyId::message_expiry_interval).value_or(0), 70, 1);
  TestClient late = online(broker, "late");
  late.subscribe("t");
  EXPECT_NEAR(late.next(PacketType::publish).number(PropertyId::message_expiry_interval).value_or(0), 70, 1);
  // Sent again it has less again; without an interval there is none.
  broker.advance(Seconds{20});
  away.cut();
  away.connect(named("away", 1000, false));
  EXPECT_NEAR(away.next().number(PropertyId::message_expiry_interval).value_or(0), 50, 1);
  online(broker, "p").publish("t", "x");
  EXPECT_FALSE(live.next().has(PropertyId::message_expiry_interval));
}

// covers: 5.0 MQTT-3.3.2-12
TEST(V5TopicAlias, FromOneToTheMaximumStandsForItsTopicUntilItIsGivenAnother) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  TestClient client(broker, Version::v5);
  const auto maximum = client.connect("c").number(PropertyId::topic_alias_maximum);
  ASSERT_TRUE(maximum);
  const auto publish = [&](std::string topic, std::uint32_t alias) {
    auto packet = message(std::move(topic), "x", Qos::at_least_once);
    packet.properties.number(PropertyId::topic_alias, alias);
    client.publish(packet);
    const auto got = observer.next(PacketType::publish);
    EXPECT_FALSE(got.has(PropertyId::topic_alias)) << "an alias is between two peers";
    return got.topic;
  };
  for (std::uint32_t alias = 1; alias <= *maximum; ++alias) {
    const std::string topic = "topic/" + std::to_string(alias);
    EXPECT_EQ(publish(topic, alias), topic);
  }
  for (std::uint32_t alias = *maximum; alias >= 1; --alias)
    EXPECT_EQ(publish("", alias), "topic/" + std::to_string(alias));
  EXPECT_EQ(publish("other", 1), "other");
  EXPECT_EQ(publish("", 1), "other");
  EXPECT_EQ(publish("", 2), "topic/2");
}

// covers: 5.0 MQTT-3.3.2-7
TEST(V5TopicAlias, DiesWithTheConnection) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  TestClient client(broker, Version::v5);
  for (const bool clean_start : {true, false}) {
    client.connect(named("c", 1000, clean_start));
    client.send_wire("30 ## <t> [23 00 01] 'x'");
    EXPECT_EQ(observer.publishes().size(), 1u);
    client.cut();
    client.connect(named("c", 1000, false));
    client.send_wire("30 ## <> [23 00 01] 'x'");
    EXPECT_TRUE(refused_with(client, {ReasonCode::protocol_error}));
    EXPECT_TRUE(observer.nothing_received());
  }
}

// covers: 5.0 MQTT-3.3.2-7
TEST(V5TopicAlias, OfOneClientIsUnknownToAnother) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  TestClient a = online(broker, "a");
  TestClient b = online(broker, "b");
  a.send_wire("30 ## <t> [23 00 01] 'x'");
  EXPECT_EQ(observer.publishes().size(), 1u);
  b.send_wire("30 ## <> [23 00 01] 'x'");
  EXPECT_TRUE(refused_with(b, {ReasonCode::protocol_error}));
  EXPECT_TRUE(alive(a));
}

// covers: 5.0 MQTT-3.3.2-8
TEST(V5TopicAlias, ZeroIsNeverSent) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet : {"30 ## <t> [23 00 00] 'x'", "30 ## <> [23 00 00] 'x'", "34 ## <t> 00 01 [23 00 00] 'x'"}) {
    TestClient client = online(broker, "c");
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::topic_alias_invalid})) << packet;
    EXPECT_TRUE(observer.nothing_received());
  }
}

}  // namespace tombo::test::v5a
