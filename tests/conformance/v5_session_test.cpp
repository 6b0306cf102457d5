#include "v5_kit.hpp"

#include <set>

// MQTT 5.0, sections 3.1 and 3.2: whose session it is, how long it lives, when a silent client is given up.
namespace tombo::test::v5a {
namespace {

/// A stored session "c" with a subscription to t, one unacknowledged delivery and one that waits.
void leave_session(VirtualBroker& broker, std::uint32_t expiry_s = 1000) {
  TestClient client = online(broker, named("c", expiry_s));
  client.subscribe("t", Qos::exactly_once);
  TestClient publisher = online(broker, "p");
  publisher.publish("t", "unacknowledged", Qos::at_least_once);
  EXPECT_EQ(client.publishes().size(), 1u);
  client.cut();
  publisher.publish("t", "queued 1", Qos::at_least_once);
  publisher.publish_exactly_once("t", "queued 2");
}

}  // namespace

// covers: 5.0 MQTT-3.1.2-4, 5.0 MQTT-3.1.4-4, 5.0 MQTT-3.2.2-2
TEST(V5Session, ACleanStartDropsTheStoredOne) {
  VirtualBroker broker;
  leave_session(broker);
  TestClient client(broker, Version::v5);
  const auto connack = client.connect(named("c", 1000, true));
  EXPECT_EQ(connack.reason, ReasonCode::success);
  EXPECT_FALSE(connack.session_present);
  online(broker, "p").publish("t", "live", Qos::at_least_once);
  EXPECT_TRUE(client.nothing_received());
  // Nor does the old one come back later.
  client.cut();
  EXPECT_TRUE(client.connect(named("c", 1000, false)).session_present);
  EXPECT_TRUE(client.nothing_received());
}

// covers: 5.0 MQTT-3.1.2-4, 5.0 MQTT-3.1.4-4, 5.0 MQTT-3.2.2-2
TEST(V5Session, ACleanStartDropsTheOneOfAConnectedClient) {
  VirtualBroker broker;
  TestClient first = online(broker, named("c", 1000));
  first.subscribe("t");
  TestClient second(broker, Version::v5);
  EXPECT_FALSE(second.connect(named("c", 1000, true)).session_present);
  online(broker, "p").publish("t", "x");
  EXPECT_TRUE(second.nothing_received());
}

// covers: 5.0 MQTT-3.1.2-5, 5.0 MQTT-3.1.4-4, 5.0 MQTT-3.1.2-23, 5.0 MQTT-3.2.2-3, 5.0 MQTT-3.2.0-1
TEST(V5Session, IsContinuedWithoutCleanStart) {
  VirtualBroker broker;
  leave_session(broker);
  TestClient client(broker, Version::v5);
  const auto connack = client.connect(named("c", 1000, false));
  EXPECT_EQ(connack.type, PacketType::connack) << "the first packet, before the backlog";
  EXPECT_TRUE(connack.session_present);
  EXPECT_EQ(connack.reason, ReasonCode::success);
  const auto got = client.publishes();
  EXPECT_EQ(payloads(got), (std::vector<std::string>{"unacknowledged", "queued 1", "queued 2"}));
  ASSERT_EQ(got.size(), 3u);
  EXPECT_TRUE(got[0].dup);
  EXPECT_FALSE(got[1].dup);
  EXPECT_EQ(got[1].qos, Qos::at_least_once);
  EXPECT_EQ(got[2].qos, Qos::exactly_once);
  online(broker, "p").publish("t", "live");
  EXPECT_EQ(payloads(client.publishes()), std::vector<std::string>{"live"});
}

// covers: 5.0 MQTT-3.1.2-6, 5.0 MQTT-3.1.4-4, 5.0 MQTT-3.2.2-3
TEST(V5Session, IsMadeWhereNoneIsStored) {
  VirtualBroker broker;
  TestClient client(broker, Version::v5);
  const auto connack = client.connect(named("c", 0, false));
  EXPECT_EQ(connack.reason, ReasonCode::success);
  EXPECT_FALSE(connack.session_present);
  client.subscribe("t");
  client.publish("t", "x");
  EXPECT_EQ(client.publishes().size(), 1u);
}

// covers: 5.0 MQTT-3.1.2-23, 5.0 MQTT-3.2.2-3
TEST(V5Session, LivesAsLongAsItsExpirySays) {
  VirtualBroker broker;
  TestClient client(broker, Version::v5);
  struct Row {
    std::uint32_t expiry_s;
    std::uint32_t away_s;
    bool present;
  };
  for (const Row row : {Row{60, 58, true}, {60, 62, false}, {0, 0, false}, {60, 0, true}}) {
    SCOPED_TRACE(testing::Message() << row.expiry_s << " " << row.away_s);
    ASSERT_EQ(client.connect(named("c", row.expiry_s)).reason, ReasonCode::success);
    client.cut();
    broker.advance(Seconds{row.away_s});
    const auto connack = client.connect(named("c", 0, false));
    EXPECT_EQ(connack.session_present, row.present);
    EXPECT_EQ(connack.reason, ReasonCode::success);
    client.disconnect();
  }
  // The interval runs from the end of the last connection.
  client.connect(named("c", 60));
  broker.advance(Seconds{100});
  client.cut();
  broker.advance(Seconds{50});
  EXPECT_TRUE(client.connect(named("c", 60, false)).session_present);
}

// covers: 5.0 MQTT-3.1.3-2, 5.0 MQTT-3.1.4-3, 5.0 MQTT-3.1.4-5
TEST(V5Session, BelongsToItsClientId) {
  VirtualBroker broker;
  TestClient a = online(broker, named("a", 100));
  TestClient b = online(broker, named("b", 100));
  a.subscribe("t", Qos::at_least_once);
  b.publish("t", "x");
  EXPECT_EQ(a.publishes().size(), 1u);
  EXPECT_TRUE(b.nothing_received());
  TestClient heir(broker, Version::v5);
  const auto connack = heir.connect(named("a", 100, false));
  EXPECT_EQ(connack.reason, ReasonCode::success);
  EXPECT_TRUE(connack.session_present);
  EXPECT_TRUE(refused_with(a, {ReasonCode::session_taken_over}));
  EXPECT_TRUE(alive(b));
  b.publish("t", "y");
  EXPECT_EQ(heir.publishes().size(), 1u);
  // Ids are compared as they are.
  TestClient upper(broker, Version::v5);
  EXPECT_FALSE(upper.connect(named("A", 100, false)).session_present);
  EXPECT_TRUE(alive(heir));
}

// covers: 5.0 MQTT-3.1.4-3
TEST(V5Session, IsTakenOverAcrossShards) {
  VirtualBroker::Setup setup;
  setup.shards = 3;
  VirtualBroker broker(std::move(setup));
  TestClient first(broker, Version::v5, 0);
  ASSERT_EQ(first.connect("c").reason, ReasonCode::success);
  TestClient second(broker, Version::v5, 2);
  EXPECT_EQ(second.connect("c").reason, ReasonCode::success);
  EXPECT_TRUE(refused_with(first, {ReasonCode::session_taken_over}));
  EXPECT_TRUE(alive(second));
}

// covers: 5.0 MQTT-3.1.3-5
TEST(V5ClientId, OfUpTo23LettersAndDigitsIsAccepted) {
  VirtualBroker broker;
  const std::string characters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::vector<std::string> ids;
  for (const char c : characters) ids.emplace_back(1, c);
  for (std::size_t at = 0; at < characters.size(); at += 23) ids.push_back((characters + characters).substr(at, 23));
  for (const auto& id : ids) {
    TestClient client(broker, Version::v5);
    const auto connack = client.connect(id);
    EXPECT_EQ(connack.type, PacketType::connack) << id;
    EXPECT_EQ(connack.reason, ReasonCode::success) << id;
    EXPECT_FALSE(connack.has(PropertyId::assigned_client_identifier)) << id;
  }
}

// covers: 5.0 MQTT-3.1.3-6, 5.0 MQTT-3.1.3-7, 5.0 MQTT-3.2.2-16
TEST(V5ClientId, IsMadeUpWhereItIsEmptyAndIsTold) {
  for (const unsigned shards : {1u, 3u}) {
    VirtualBroker::Setup setup;
    setup.shards = shards;
    setup.options.placement = config::Placement::hash;
    VirtualBroker broker(std::move(setup));
    std::set<std::string> ids;
    std::vector<TestClient> clients;
    for (int i = 0; i < 20; ++i) {
      const auto connack = clients.emplace_back(broker, Version::v5).connect(named("", 100, i % 2 == 0));
      ASSERT_EQ(connack.reason, ReasonCode::success);
      EXPECT_FALSE(connack.session_present);
      ids.insert(connack.text(PropertyId::assigned_client_identifier).value_or(""));
    }
    EXPECT_EQ(ids.size(), 20u);
    EXPECT_FALSE(ids.contains(""));
    for (auto& client : clients) EXPECT_TRUE(alive(client));
  }
}

// covers: 5.0 MQTT-3.1.3-7
TEST(V5ClientId, ThatWasMadeUpNamesTheSession) {
  VirtualBroker broker;
  TestClient client(broker, Version::v5);
  const auto id = client.connect(named("", 100)).text(PropertyId::assigned_client_identifier);
  ASSERT_TRUE(id);
  client.subscribe("t", Qos::at_least_once);
  client.cut();
  online(broker, "p").publish("t", "x", Qos::at_least_once);
  const auto connack = client.connect(named(*id, 100, false));
  EXPECT_TRUE(connack.session_present);
  EXPECT_FALSE(connack.has(PropertyId::assigned_client_identifier));
  EXPECT_EQ(client.publishes().size(), 1u);
}

// covers: 5.0 MQTT-3.1.3-8
TEST(V5ClientId, ThatTheServerDoesNotWantIsRefused) {
  VirtualBroker::Setup setup;
  setup.options.mqtt.allow_empty_client_id = false;
  VirtualBroker broker(std::move(setup));
  TestClient client(broker, Version::v5);
  client.send_wire("10 ## <MQTT> 05 02 00 00 [] <>");
  EXPECT_TRUE(refused_with(client, {ReasonCode::client_identifier_not_valid}));
}

// covers: 5.0 MQTT-3.1.2-22, 5.0 MQTT-3.2.2-22, 5.0 MQTT-3.1.2-20
TEST(V5KeepAlive, ASilentClientIsGivenUpAfterOneAndAHalfTimesItsInterval) {
  for (const std::uint16_t keep_alive_s : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{60}}) {
    VirtualBroker broker;
    TestClient observer = witness(broker);
    auto connect = named("c");
    connect.keep_alive_s = keep_alive_s;
    connect.has_will = true;
    connect.will_topic = "w";
    TestClient client(broker, Version::v5);
    const auto connack = client.connect(connect);
    EXPECT_FALSE(connack.has(PropertyId::server_keep_alive));
    // Any packet counts; a ping is answered.
    broker.advance(Milliseconds{keep_alive_s * 1400});
    EXPECT_TRUE(alive(client));
    broker.advance(Milliseconds{keep_alive_s * 1400});
    client.publish("t", "x");
    EXPECT_EQ(observer.publishes().size(), 1u);
    broker.advance(Milliseconds{keep_alive_s * 1400});
    EXPECT_FALSE(client.closed());
    EXPECT_TRUE(observer.nothing_received());
    broker.advance(Milliseconds{keep_alive_s * 300});
    EXPECT_TRUE(refused_with(client, {ReasonCode::keep_alive_timeout}));
    EXPECT_EQ(observer.publishes().at(0).topic, "w");
  }
}

// covers: 5.0 MQTT-3.1.2-22
TEST(V5KeepAlive, OfZeroKeepsASilentClientForEver) {
  VirtualBroker broker;
  TestClient client = online(broker, "c");
  broker.advance(Seconds{200'000});
  EXPECT_TRUE(alive(client));
}

// covers: 5.0 MQTT-3.1.2-22
TEST(V5KeepAlive, IsNotKeptByWhatTheServerSends) {
  VirtualBroker broker;
  auto connect = named("c");
  connect.keep_alive_s = 2;
  TestClient client = online(broker, connect);
  client.subscribe("t");
  TestClient publisher = online(broker, "p");
  for (int i = 0; i < 8; ++i) {
    broker.advance(Milliseconds{500});
    publisher.publish("t", "x");
  }
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::keep_alive_timeout);
  EXPECT_TRUE(client.closed());
}

// covers: 5.0 MQTT-3.1.2-21, 5.0 MQTT-3.2.2-21, 5.0 MQTT-3.2.2-22
TEST(V5KeepAlive, OfTheServerReplacesALongerOneOrNone) {
  for (const std::uint16_t wanted : {std::uint16_t{0}, std::uint16_t{11}, std::uint16_t{65535}}) {
    VirtualBroker::Setup setup;
    setup.options.limits.keep_alive_max_s = 10;
    VirtualBroker broker(std::move(setup));
    auto connect = named("c");
    connect.keep_alive_s = wanted;
    TestClient client(broker, Version::v5);
    EXPECT_EQ(client.connect(connect).number(PropertyId::server_keep_alive), 10u);
    broker.advance(Milliseconds{14'500});
    EXPECT_FALSE(client.closed());
    broker.advance(Seconds{1});
    EXPECT_TRUE(refused_with(client, {ReasonCode::keep_alive_timeout}));
    // Who asks for less has what it asked for.
    connect.keep_alive_s = 4;
    EXPECT_FALSE(client.connect(connect).has(PropertyId::server_keep_alive));
    broker.advance(Milliseconds{5'500});
    EXPECT_FALSE(client.closed());
    broker.advance(Seconds{1});
    EXPECT_TRUE(client.closed());
  }
}

}  // namespace tombo::test::v5a
