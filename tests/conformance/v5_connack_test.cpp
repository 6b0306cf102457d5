#include "v5_kit.hpp"

#include "support/codec.hpp"

#include <set>

// MQTT 5.0, section 3.2: what CONNACK says, and what the server does about clients that do not mind it.
namespace tombo::test::v5a {
namespace {

VirtualBroker::Setup with_options(const std::function<void(config::Options&)>& change) {
  VirtualBroker::Setup setup;
  change(setup.options);
  return setup;
}

/// A PUBLISH of topic "t" at QoS 0 that is `size` bytes long; 130 < size < 16,000.
TestClient::Publish publish_of_size(std::size_t size) {
  return message("t", std::string(size - 7, 'x'));
}

/// A CONNACK with texts, for a peer that accepts `packet_max` bytes.
std::vector<std::uint8_t> connack_for(std::uint32_t packet_max) {
  mqtt::ConnackOut connack;
  connack.reason = ReasonCode::server_busy;
  connack.diagnostics.reason_string = "come back later";
  static constexpr std::pair<std::string_view, std::string_view> kUser[] = {{"when", "tomorrow"}};
  connack.diagnostics.user_properties = kUser;
  mqtt::WriteBatch batch;
  EXPECT_TRUE(mqtt::encode_connack(batch, {Version::v5, packet_max}, connack));
  return bytes_of(batch);
}

}  // namespace

// covers: 5.0 MQTT-3.2.0-1, 5.0 MQTT-3.2.0-2
TEST(V5Connack, ComesFirstAndOnce) {
  VirtualBroker broker;
  {
    TestClient client = online(broker, named("c", 1000));
    client.subscribe("t", Qos::exactly_once);
    TestClient publisher = online(broker, "p");
    publisher.publish("t", "1", Qos::at_least_once);
    client.cut();
    for (int i = 0; i < 20; ++i) publisher.publish("t", "2", Qos::at_least_once);
  }
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(named("c", 1000, false)).type, PacketType::connack);
  client.publish("t", "3", Qos::at_least_once);
  client.ping();
  client.disconnect();
  EXPECT_EQ(client.next(PacketType::connack).type, PacketType::reserved);
}

// covers: 5.0 MQTT-3.2.0-1
TEST(V5Connack, ComesBeforeTheAnswersToPacketsSentAlongWithConnect) {
  VirtualBroker broker;
  TestClient client(broker, Version::v5);
  std::vector<std::uint8_t> bytes;
  for (const auto packet :
       {"10 ## <MQTT> 05 02 00 00 [] <c>", "82 ## 00 01 [] <t> 00", "32 ## <t> 00 02 [] 'x'", "C0 00"}) {
    const auto more = wire(packet);
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  client.send(bytes);
  EXPECT_EQ(client.next().type, PacketType::connack);
  EXPECT_EQ(client.next(PacketType::suback).codes.size(), 1u);
  EXPECT_EQ(client.next(PacketType::puback).packet_id, 2);
  EXPECT_EQ(client.publishes().size(), 1u);
  EXPECT_EQ(client.next().type, PacketType::pingresp);
}

// covers: 5.0 MQTT-3.2.2-1, 5.0 MQTT-3.2.2-2, 5.0 MQTT-3.2.2-3
TEST(V5Connack, ItsFlagsAreSessionPresentAlone) {
  VirtualBroker broker;
  TestClient client(broker, Version::v5);
  struct Row {
    bool clean_start;
    std::uint8_t flags;
  };
  for (const Row row : {Row{true, 0}, {false, 1}, {true, 0}, {true, 0}, {false, 1}, {false, 1}}) {
    const auto connack = client.connect(named("c", 100, row.clean_start));
    EXPECT_EQ(connack.raw.at(2), row.flags);
    EXPECT_EQ(connack.raw.at(3), 0);
    client.cut();
  }
  broker.advance(Seconds{101});
  const auto expired = client.connect(named("c", 100, false));
  EXPECT_EQ(expired.raw.at(2), 0);
  EXPECT_EQ(expired.raw.at(3), 0);
}

// covers: 5.0 MQTT-3.2.2-6, 5.0 MQTT-3.2.2-7
TEST(V5Connack, ThatRefusesSaysNoSessionAndIsFollowedByTheClose) {
  VirtualBroker::Setup setup;
  OneAccount account;
  setup.authenticator = &account;
  VirtualBroker broker(std::move(setup));
  TestClient client(broker, Version::v5);
  ASSERT_EQ(client.connect(as_alice(named("c", 1000))).reason, ReasonCode::success);
  client.cut();
  const auto connack = client.connect(as_alice(named("c", 1000, false), "wrong"));
  EXPECT_EQ(connack.type, PacketType::connack);
  EXPECT_EQ(connack.raw.at(2), 0);
  EXPECT_TRUE(mqtt::is_error(connack.reason));
  EXPECT_TRUE(client.closed());
  // The stored session is not touched.
  EXPECT_TRUE(client.connect(as_alice(named("c", 1000, false))).session_present);
}

// covers: 5.0 MQTT-3.2.2-7, 5.0 MQTT-3.2.2-8
TEST(V5Connack, EveryRefusalHasAReasonOfTheTableAndIsFollowedByTheClose) {
  const std::set<unsigned> allowed{0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A,
                                   0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
  struct Row {
    std::string_view what;
    std::function<void(config::Options&)> change;
    std::string_view connect;
    unsigned reason;
  };
  const auto nothing = [](config::Options&) {};
  const Row rows[] = {
      {"flags", nothing, "10 ## <MQTT> 05 03 00 00 [] <c>", 0x81},
      {"repeated property", nothing, "10 ## <MQTT> 05 02 00 00 [21 00 01 21 00 01] <c>", 0x82},
      {"receive maximum 0", nothing, "10 ## <MQTT> 05 02 00 00 [21 00 00] <c>", 0x82},
      {"version", nothing, "10 ## <MQTT> 06 02 00 00 [] <c>", 0x84},
      {"client id", [](auto& o) { o.mqtt.allow_empty_client_id = false; }, "10 ## <MQTT> 05 02 00 00 [] <>", 0x85},
      {"method", nothing, "10 ## <MQTT> 05 02 00 00 [15 <SHA>] <c>", 0x8C},
      {"data without method", nothing, "10 ## <MQTT> 05 02 00 00 [16 <data>] <c>", 0x82},
      {"will topic", nothing, "10 ## <MQTT> 05 06 00 00 [] <c> [] <#> <x>", 0x90},
      {"payload format", [](auto& o) { o.mqtt.check_payload_format = true; },
       "10 ## <MQTT> 05 06 00 00 [] <c> [01 01] <w> 00 01 FF", 0x99},
      {"will retain", [](auto& o) { o.mqtt.retain_available = false; }, "10 ## <MQTT> 05 26 00 00 [] <c> [] <w> <x>",
       0x9A},
      {"will QoS", [](auto& o) { o.listeners[0].qos_max = 0; }, "10 ## <MQTT> 05 0E 00 00 [] <c> [] <w> <x>", 0x9B},
      {"redirected", [](auto& o) { o.redirect.mode = config::RedirectMode::use_another_server; },
       "10 ## <MQTT> 05 02 00 00 [] <c>", 0x9C},
      {"moved", [](auto& o) { o.redirect.mode = config::RedirectMode::server_moved; },
       "10 ## <MQTT> 05 02 00 00 [] <c>", 0x9D},
      {"connections", [](auto& o) { o.limits.connections_max = 0; }, "10 ## <MQTT> 05 02 00 00 [] <c>", 0x89},
      {"sessions", [](auto& o) { o.limits.sessions_max = 0; }, "10 ## <MQTT> 05 02 00 00 [] <c>", 0x97},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    VirtualBroker broker(with_options(row.change));
    TestClient client(broker, Version::v5);
    client.send_wire(row.connect);
    const auto connack = client.next();
    ASSERT_EQ(connack.type, PacketType::connack);
    EXPECT_EQ(static_cast<unsigned>(connack.reason), row.reason);
    EXPECT_TRUE(allowed.contains(static_cast<unsigned>(connack.reason)));
    EXPECT_TRUE(client.nothing_received());
    EXPECT_TRUE(client.closed());
  }
}

// covers: 5.0 MQTT-3.2.2-7, 5.0 MQTT-3.2.2-8
TEST(V5Connack, AConnectBeyondTheLimitOfSizeIsRefusedInSilenceOrAsTooLarge) {
  // The version stands behind the length, so the server need not know yet in which form to answer.
  VirtualBroker broker(with_options([](auto& o) { o.limits.connect_bytes_max = 40; }));
  TestClient client(broker, Version::v5);
  client.send_wire("10 ## <MQTT> 05 02 00 00 [] <a client id that is too long for it>");
  const auto answer = client.next();
  if (answer.type != PacketType::reserved) {
    EXPECT_EQ(answer.type, PacketType::connack);
    EXPECT_EQ(answer.reason, ReasonCode::packet_too_large);
  }
  EXPECT_TRUE(client.nothing_received());
  EXPECT_TRUE(client.closed());
}

// covers: 5.0 MQTT-3.2.2-9, 5.0 MQTT-3.2.2-10
TEST(V5MaximumQos, IsToldWhereItIsLoweredAndSubscriptionsAreGrantedUpToIt) {
  for (const std::uint8_t maximum : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
    VirtualBroker broker(with_options([&](auto& o) { o.listeners[0].qos_max = maximum; }));
    TestClient client(broker, Version::v5);
    const auto connack = client.connect("c");
    if (maximum == 2) {
      EXPECT_FALSE(connack.has(PropertyId::maximum_qos));
    } else {
      EXPECT_EQ(connack.number(PropertyId::maximum_qos), maximum);
    }
    for (const auto qos : kEveryQos) {
      const auto granted = std::min(static_cast<std::uint8_t>(qos), maximum);
      EXPECT_EQ(client.subscribe("t", qos).codes, std::vector{static_cast<ReasonCode>(granted)});
    }
  }
}

// covers: 5.0 MQTT-3.2.2-11
TEST(V5MaximumQos, APublishBeyondItEndsTheConnection) {
  for (const std::uint8_t maximum : {std::uint8_t{0}, std::uint8_t{1}}) {
    VirtualBroker broker(with_options([&](auto& o) { o.listeners[0].qos_max = maximum; }));
    TestClient observer = online(broker, "observer");
    observer.subscribe("t");
    for (const auto qos : kEveryQos) {
      TestClient client = online(broker, "c");
      TestClient::Publish publish = message("t", "x", qos);
      if (static_cast<std::uint8_t>(qos) <= maximum) {
        client.publish(publish);
        EXPECT_EQ(observer.publishes().size(), 1u);
        EXPECT_TRUE(alive(client));
        continue;
      }
      client.send_wire(qos == Qos::at_least_once ? "32 ## <t> 00 01 [] 'x'" : "34 ## <t> 00 01 [] 'x'");
      EXPECT_TRUE(refused_with(client, {ReasonCode::qos_not_supported}));
      EXPECT_TRUE(observer.nothing_received());
    }
  }
}

// covers: 5.0 MQTT-3.2.2-12
TEST(V5MaximumQos, AWillBeyondItIsRefused) {
  for (const std::uint8_t maximum : {std::uint8_t{0}, std::uint8_t{1}}) {
    VirtualBroker broker(with_options([&](auto& o) { o.listeners[0].qos_max = maximum; }));
    for (const auto qos : kEveryQos) {
      auto connect = named("c");
      connect.has_will = true;
      connect.will_topic = "w";
      connect.will_qos = qos;
      TestClient client(broker, Version::v5);
      const bool fits = static_cast<std::uint8_t>(qos) <= maximum;
      EXPECT_EQ(client.connect(connect).reason, fits ? ReasonCode::success : ReasonCode::qos_not_supported);
      EXPECT_EQ(client.closed(), !fits);
    }
  }
}

// covers: 5.0 MQTT-3.2.2-13, 5.0 MQTT-3.2.2-14
TEST(V5RetainAvailable, WithoutItRetainedWillsAndMessagesAreRefused) {
  VirtualBroker broker(with_options([](auto& o) { o.mqtt.retain_available = false; }));
  TestClient observer = witness(broker);
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect("c").number(PropertyId::retain_available), 0u);
  client.publish("t", "plain");
  EXPECT_EQ(observer.publishes().size(), 1u);
  client.publish("t", "kept", Qos::at_most_once, true);
  EXPECT_TRUE(refused_with(client, {ReasonCode::retain_not_supported}));
  EXPECT_TRUE(observer.nothing_received());
  auto connect = named("c");
  connect.has_will = true;
  connect.will_topic = "w";
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::success);
  connect.will_retain = true;
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::retain_not_supported);
  EXPECT_TRUE(client.closed());
}

// covers: 5.0 MQTT-3.2.2-15
TEST(V5ServerMaximumPacketSize, IsToldAcceptedAndNotExceeded) {
  VirtualBroker broker(with_options([](auto& o) { o.listeners[0].packet_bytes_max = 200; }));
  TestClient observer = witness(broker);
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect("c").number(PropertyId::maximum_packet_size), 200u);
  client.publish(publish_of_size(200));
  EXPECT_EQ(observer.next().raw.size(), 200u);
  EXPECT_TRUE(alive(client));
  client.publish(publish_of_size(201));
  EXPECT_TRUE(refused_with(client, {ReasonCode::packet_too_large}));
  EXPECT_TRUE(observer.nothing_received());
  // The length alone decides: nothing of the packet is waited for.
  TestClient early = online(broker, "e");
  early.send_wire("30 C7 01 00");
  EXPECT_TRUE(refused_with(early, {ReasonCode::packet_too_large}));
}

// covers: 5.0 MQTT-3.2.2-17, 5.0 MQTT-3.2.2-18, 5.0 MQTT-3.3.2-8, 5.0 MQTT-3.3.2-9
TEST(V5ServerTopicAliasMaximum, AnAliasBeyondItEndsTheConnection) {
  for (const std::uint16_t maximum : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{64}, std::uint16_t{65535}}) {
    VirtualBroker broker(with_options([&](auto& o) { o.listeners[0].topic_alias_max = maximum; }));
    TestClient observer = witness(broker);
    for (const std::uint32_t alias : {0u, 1u, maximum + 1u, 65535u}) {
      if (alias > 65535) continue;
      SCOPED_TRACE(testing::Message() << maximum << " " << alias);
      TestClient client(broker, Version::v5);
      const auto told = client.connect("c").number(PropertyId::topic_alias_maximum);
      EXPECT_EQ(told.value_or(0), maximum);
      auto publish = message("t", "x");
      publish.properties.number(PropertyId::topic_alias, alias);
      client.publish(publish);
      if (alias != 0 && alias <= maximum) {
        EXPECT_EQ(observer.publishes().size(), 1u);
        EXPECT_TRUE(alive(client));
        continue;
      }
      EXPECT_TRUE(refused_with(client, {ReasonCode::topic_alias_invalid}));
      EXPECT_TRUE(observer.nothing_received());
    }
  }
}

// covers: 5.0 MQTT-3.2.2-19, 5.0 MQTT-3.2.2-20
TEST(V5Connack, LeavesOutItsTextsWhereTheyDoNotFit) {
  const auto whole = connack_for(1000);
  const auto text_of = [](const std::vector<std::uint8_t>& raw) { return std::string(raw.begin(), raw.end()); };
  EXPECT_NE(text_of(whole).find("come back later"), std::string::npos);
  EXPECT_NE(text_of(whole).find("tomorrow"), std::string::npos);
  EXPECT_EQ(connack_for(static_cast<std::uint32_t>(whole.size())), whole);
  for (std::uint32_t packet_max = 5; packet_max < whole.size(); ++packet_max) {
    const auto raw = connack_for(packet_max);
    EXPECT_LE(raw.size(), packet_max);
    EXPECT_GE(raw.size(), 5u);
    EXPECT_EQ(raw.at(3), 0x89);
    const bool has_both =
        text_of(raw).find("come back later") != std::string::npos && text_of(raw).find("tomorrow") != std::string::npos;
    EXPECT_FALSE(has_both);
  }
}

// covers: 5.0 MQTT-3.2.2-19, 5.0 MQTT-3.2.2-20
TEST(V5Connack, FitsATinyMaximumPacketSize) {
  VirtualBroker broker;
  auto connect = named("c");
  connect.properties.number(PropertyId::maximum_packet_size, 16);
  connect.has_will = true;
  connect.will_topic = "#";
  TestClient client(broker, Version::v5);
  const auto refused = client.connect(connect);
  EXPECT_TRUE(mqtt::is_error(refused.reason));
  EXPECT_LE(refused.raw.size(), 16u);
  connect.will_topic = "w";
  const auto accepted = client.connect(connect);
  EXPECT_EQ(accepted.type, PacketType::connack);
  EXPECT_EQ(accepted.reason, ReasonCode::success);
  EXPECT_LE(accepted.raw.size(), 16u);
  EXPECT_FALSE(accepted.has(PropertyId::reason_string));
  EXPECT_TRUE(accepted.user_properties.empty());
}

}  // namespace tombo::test::v5a
