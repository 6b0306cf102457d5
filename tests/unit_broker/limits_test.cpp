#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::SubscribeOptions;
using mqtt::Version;

namespace {
template <class Change>
VirtualBroker::Setup with(Change change, unsigned shards = 1) {
  auto setup = setup_of(shards);
  change(setup.options);
  return setup;
}
std::uint64_t refused(VirtualBroker& broker) { return broker.core().sum(&broker::ShardCounters::connections_refused); }
}  // namespace

TEST(ConnectionsMax, RefusesOneMoreAndTakesItWhenOneHasGone) {
  VirtualBroker broker(with([](auto& o) { o.limits.connections_max = 2; }));
  auto a = connected(broker, "a");
  auto b = connected(broker, "b");
  TestClient c(broker, Version::v5);
  EXPECT_EQ(c.connect("c").reason, ReasonCode::server_busy);
  EXPECT_TRUE(c.closed());
  TestClient old(broker, Version::v3_1_1);
  EXPECT_EQ(static_cast<int>(old.connect("d").reason), 3);
  EXPECT_EQ(refused(broker), 2u);
  a->disconnect();
  EXPECT_EQ(c.connect("c").reason, ReasonCode::success);
}

TEST(ConnectionsMax, CountsOverAllShardsAndWhateverWayAConnectionEnds) {
  VirtualBroker broker(with([](auto& o) { o.limits.connections_max = 3; }, 3));
  for (int round = 0; round < 5; ++round) {
    auto a = connected_on(broker, 0, "a");
    auto b = connected_on(broker, 1, "b");
    auto c = connected_on(broker, 2, "c");
    TestClient d(broker, Version::v5);
    EXPECT_EQ(d.connect("d").reason, ReasonCode::server_busy);
    a->cut();
    b->disconnect();
    c->send_wire("FF FF FF FF FF");
    EXPECT_EQ(broker.core().connections.load(), 0u);
  }
}

TEST(ConnectionRate, RefusesWhatComesTooFastAndRecoversWithTime) {
  VirtualBroker broker(with([](auto& o) { o.limits.connections_per_s = 2; }));
  EXPECT_EQ(TestClient(broker, Version::v5).connect("1").reason, ReasonCode::success);
  EXPECT_EQ(TestClient(broker, Version::v5).connect("2").reason, ReasonCode::success);
  EXPECT_EQ(TestClient(broker, Version::v5).connect("3").reason, ReasonCode::connection_rate_exceeded);
  broker.advance(Milliseconds{500});
  EXPECT_EQ(TestClient(broker, Version::v5).connect("3").reason, ReasonCode::success);
  EXPECT_EQ(TestClient(broker, Version::v5).connect("4").reason, ReasonCode::connection_rate_exceeded);
}

TEST(ConnectionRate, CountsAConnectionOnceThoughItMovesToAnotherShard) {
  VirtualBroker broker(with([](auto& o) { o.limits.connections_per_s = 3; }, 2));
  for (int i = 0; i < 3; ++i) {
    place_next(broker, 1);
    EXPECT_EQ(TestClient(broker, Version::v5).connect(std::to_string(i)).reason, ReasonCode::success);
  }
}

TEST(SessionsMax, RefusesANewSessionAndLetsKnownOnesCome) {
  VirtualBroker broker(with([](auto& o) { o.limits.sessions_max = 2; }));
  leave_session(broker, "a", "t");
  leave_session(broker, "b", "t");
  EXPECT_EQ(TestClient(broker, Version::v5).connect("c").reason, ReasonCode::quota_exceeded);
  TestClient a(broker, Version::v5);
  const auto connack = a.connect(lasting("a", 0));
  EXPECT_EQ(connack.reason, ReasonCode::success);
  EXPECT_TRUE(connack.session_present);
  a.disconnect();
  EXPECT_EQ(TestClient(broker, Version::v5).connect("c").reason, ReasonCode::success);
}

TEST(SessionsMax, HoldsHoweverTheSessionsAreSpread) {
  VirtualBroker broker(with([](auto& o) { o.limits.sessions_max = 10; }, 2));
  place_next(broker, 0);
  for (int i = 0; i < 9; ++i) leave_session(broker, "s" + std::to_string(i), "t");
  int taken = 9;
  for (int i = 9; i < 30; ++i) {
    place_next(broker, 1);
    TestClient client(broker, Version::v5);
    if (client.connect(lasting("s" + std::to_string(i))).reason == ReasonCode::success) ++taken;
  }
  EXPECT_EQ(taken, 10);
}

TEST(SubscriptionsPerClient, RefusesOneMoreFilterAndGoesOnToChangeKnownOnes) {
  for (const std::string prefix : {"", "$share/g/"}) {
    VirtualBroker broker(with([](auto& o) { o.limits.subscriptions_per_client = 2; }));
    auto client = connected(broker, "c");
    EXPECT_EQ(client->subscribe(prefix + "a", Qos::at_least_once).codes[0], ReasonCode::granted_qos_1);
    EXPECT_EQ(client->subscribe(prefix + "b", Qos::at_least_once).codes[0], ReasonCode::granted_qos_1);
    EXPECT_EQ(client->subscribe(prefix + "c", Qos::at_least_once).codes[0], ReasonCode::quota_exceeded);
    EXPECT_EQ(client->subscribe(prefix + "a", Qos::exactly_once).codes[0], ReasonCode::granted_qos_2);
    client->unsubscribe(prefix + "a");
    EXPECT_EQ(client->subscribe(prefix + "c", Qos::at_least_once).codes[0], ReasonCode::granted_qos_1);
    EXPECT_EQ(client->subscribe(prefix + "d", Qos::at_least_once).codes[0], ReasonCode::quota_exceeded);
  }
}

TEST(SubscriptionsPerClient, HoldsWithinOnePacket) {
  VirtualBroker broker(with([](auto& o) { o.limits.subscriptions_per_client = 2; }));
  auto client = connected(broker, "c");
  const auto suback = client->subscribe_all({{"a", {}}, {"b", {}}, {"c", {}}, {"b", {}}});
  EXPECT_EQ(suback.codes, (std::vector<ReasonCode>{ReasonCode::success, ReasonCode::success, ReasonCode::quota_exceeded,
                                                   ReasonCode::success}));
}

TEST(SubscriptionsPerClient, TellsEachVersionWhatItKnows) {
  VirtualBroker broker(with([](auto& o) { o.limits.subscriptions_per_client = 1; }));
  auto v311 = connected(broker, "c", Version::v3_1_1);
  EXPECT_EQ(static_cast<int>(v311->subscribe_all({{"a", {}}, {"b", {}}}).codes[1]), 0x80);
  auto v31 = connected(broker, "d", Version::v3_1);
  EXPECT_EQ(static_cast<int>(v31->subscribe_all({{"a", {}}, {"b", {}}}).codes[1]), 0);
  v31->publish("b", "x");
  EXPECT_TRUE(v31->publishes().empty());
}

TEST(WildcardSubscriptionsPerClient, AreCountedApart) {
  VirtualBroker broker(with([](auto& o) { o.limits.wildcard_subscriptions_per_client = 2; }));
  auto client = connected(broker, "c");
  EXPECT_EQ(client->subscribe("a/+").codes[0], ReasonCode::success);
  EXPECT_EQ(client->subscribe("$share/g/b/#").codes[0], ReasonCode::success);
  EXPECT_EQ(client->subscribe("c/+").codes[0], ReasonCode::quota_exceeded);
  EXPECT_EQ(client->subscribe("$share/g/c/+").codes[0], ReasonCode::quota_exceeded);
  EXPECT_EQ(client->subscribe("c").codes[0], ReasonCode::success);
  EXPECT_EQ(client->subscribe("a/+", Qos::at_least_once).codes[0], ReasonCode::granted_qos_1);
  client->unsubscribe("$share/g/b/#");
  EXPECT_EQ(client->subscribe("c/+").codes[0], ReasonCode::success);
  client->unsubscribe("c");
  EXPECT_EQ(client->subscribe("d/+").codes[0], ReasonCode::quota_exceeded);
}

TEST(FiltersPerPacket, EndTheConnectionWhenThereAreTooMany) {
  VirtualBroker broker(with([](auto& o) { o.limits.filters_per_packet = 2; }));
  auto client = connected(broker, "c");
  EXPECT_EQ(client->subscribe_all({{"a", {}}, {"b", {}}}).codes.size(), 2u);
  client->subscribe_all({{"a", {}}, {"b", {}}, {"c", {}}});
  EXPECT_EQ(client->next(PacketType::disconnect).reason, ReasonCode::quota_exceeded);
  auto other = connected(broker, "d");
  other->unsubscribe_all({"a", "b", "c"});
  EXPECT_EQ(other->next(PacketType::disconnect).reason, ReasonCode::quota_exceeded);
}

TEST(TopicLevels, AreLimitedInTopicsAndFilters) {
  VirtualBroker broker(with([](auto& o) { o.limits.topic_levels_max = 3; }));
  auto client = connected(broker, "c");
  EXPECT_EQ(client->subscribe("a/b/c").codes[0], ReasonCode::success);
  EXPECT_EQ(client->subscribe("a/b/c/d").codes[0], ReasonCode::topic_filter_invalid);
  EXPECT_EQ(client->publish("a/b/c", "x", Qos::at_least_once).reason, ReasonCode::success);
  client->drop_received();
  client->publish("a/b/c/d", "x", Qos::at_least_once);
  EXPECT_EQ(client->next().type, PacketType::disconnect);
  EXPECT_TRUE(client->closed());
}

TEST(PropertiesMax, EndsTheConnectionWhenThereAreTooMany) {
  VirtualBroker broker(with([](auto& o) { o.limits.properties_max = 3; }));
  auto client = connected(broker, "c");
  for (const int count : {3, 4}) {
    TestClient::Publish publish;
    publish.topic = "t";
    publish.qos = Qos::at_least_once;
    for (int i = 0; i < count; ++i) publish.properties.user("k", "v");
    EXPECT_EQ(client->publish(std::move(publish)).type, count == 3 ? PacketType::puback : PacketType::reserved);
  }
  EXPECT_EQ(client->next().type, PacketType::disconnect);
}

// covers: 5.0 MQTT-3.2.2-21, 5.0 MQTT-3.1.2-21
TEST(KeepAliveMax, IsToldTo50Clients) {
  VirtualBroker broker(with([](auto& o) { o.limits.keep_alive_max_s = 60; }));
  for (const std::uint16_t wanted : {std::uint16_t{0}, std::uint16_t{61}, std::uint16_t{60}}) {
    TestClient client(broker, Version::v5);
    TestClient::Connect connect;
    connect.client_id = "c";
    connect.keep_alive_s = wanted;
    const auto connack = client.connect(std::move(connect));
    EXPECT_EQ(connack.number(PropertyId::server_keep_alive).value_or(0), wanted == 60 ? 0u : 60u);
    broker.advance(Seconds{89});
    EXPECT_FALSE(client.closed());
    broker.advance(Seconds{2});
    EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::keep_alive_timeout);
  }
}

TEST(KeepAliveMax, RefusesOlderClientsThatWantMore) {
  VirtualBroker broker(with([](auto& o) { o.limits.keep_alive_max_s = 60; }));
  for (const std::uint16_t wanted : {std::uint16_t{0}, std::uint16_t{61}, std::uint16_t{60}}) {
    TestClient client(broker, Version::v3_1_1);
    TestClient::Connect connect;
    connect.client_id = "c";
    connect.keep_alive_s = wanted;
    EXPECT_EQ(static_cast<int>(client.connect(std::move(connect)).reason) == 0, wanted == 60);
  }
}

TEST(SessionExpiryMax, CapsWhatClientsAskForAndTellsThem) {
  VirtualBroker broker(with([](auto& o) { o.limits.session_expiry_max_s = 100; }));
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(lasting("c", 1000)).number(PropertyId::session_expiry_interval), 100u);
  mqtt::PropertyWriter longer;
  longer.number(PropertyId::session_expiry_interval, 5000);
  client.disconnect(ReasonCode::success, longer);
  TestClient older(broker, Version::v3_1_1);
  older.connect("o", false);
  older.disconnect();
  broker.advance(Seconds{99});
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::sessions), 2u);
  broker.advance(Seconds{2});
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::sessions), 0u);
  EXPECT_EQ(client.connect(lasting("d", 50)).number(PropertyId::session_expiry_interval), std::nullopt);
}

TEST(ConnectTimeout, ClosesWhoSaysNothing) {
  VirtualBroker broker(with([](auto& o) { o.limits.connect_timeout_s = 5; }));
  TestClient silent(broker, Version::v5);
  TestClient half(broker, Version::v5);
  half.send_wire("10 20 00 04");
  broker.advance(Seconds{4});
  EXPECT_FALSE(silent.closed());
  EXPECT_FALSE(half.closed());
  broker.advance(Seconds{2});
  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(half.closed());
  EXPECT_EQ(broker.core().connections.load(), 0u);
}

TEST(ConnectBytesMax, RefusesALongFirstPacketByItsHeaderAlone) {
  VirtualBroker broker(with([](auto& o) { o.limits.connect_bytes_max = 300; }));
  TestClient client(broker, Version::v5);
  client.send_wire("10 AE 02 00 04");  // 302 bytes and its header
  EXPECT_TRUE(client.closed());
  TestClient good(broker, Version::v5);
  EXPECT_EQ(good.connect(std::string(200, 'c')).reason, ReasonCode::success);
  EXPECT_EQ(good.publish("t", std::string(1000, 'x'), Qos::at_least_once).type, PacketType::puback);
}

// covers: 5.0 MQTT-3.2.2-15
TEST(PacketBytesMax, OfTheListenerComesBeforeTheGeneralOne) {
  VirtualBroker broker(with([](auto& o) {
    o.limits.packet_bytes_max = 10'000;
    o.listeners.front().packet_bytes_max = 500;
  }));
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect("c").number(PropertyId::maximum_packet_size), 500u);
  EXPECT_EQ(client.publish("t", std::string(400, 'x'), Qos::at_least_once).type, PacketType::puback);
  client.publish("t", std::string(500, 'x'), Qos::at_least_once);
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::packet_too_large);
}

TEST(PacketsPerTurn, LeaveTheRestOfAFloodForTheNextTurn) {
  VirtualBroker broker(with([](auto& o) { o.limits.packets_per_turn = 10; }));
  TestClient client(broker, Version::v5);
  client.connect("c");
  std::vector<std::uint8_t> pings;
  for (int i = 0; i < 25; ++i) pings.insert(pings.end(), {0xC0, 0x00});
  bool has_more = false;
  auto& shard = broker.shard(0);
  shard.begin_turn();
  EXPECT_EQ(shard.on_bytes(*client.connection().client(), pings, has_more), 20u);
  EXPECT_TRUE(has_more);
  EXPECT_EQ(shard.on_bytes(*client.connection().client(), mqtt::Bytes(pings).subspan(40), has_more), 10u);
  EXPECT_FALSE(has_more);
  shard.end_turn();
}

TEST(PacketBytesMax, IsToldWhenItIsLowerThanTheProtocols) {
  VirtualBroker plain(with([](auto& o) { o.limits.packet_bytes_max = 268'435'460; }));
  EXPECT_EQ(TestClient(plain, Version::v5).connect("c").number(PropertyId::maximum_packet_size), std::nullopt);
  VirtualBroker broker(with([](auto& o) { o.limits.packet_bytes_max = 1000; }));
  EXPECT_EQ(TestClient(broker, Version::v5).connect("c").number(PropertyId::maximum_packet_size), 1000u);
}

// covers: 5.0 MQTT-3.2.2-9, 5.0 MQTT-3.2.2-10, 5.0 MQTT-3.2.2-11, 5.0 MQTT-3.2.2-12
TEST(QosMax, OfTheListenerLimitsPublishersWillsAndSubscribers) {
  VirtualBroker broker(with([](auto& o) { o.listeners.front().qos_max = 1; }));
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect("c").number(PropertyId::maximum_qos), 1u);
  EXPECT_EQ(client.subscribe("t", Qos::exactly_once).codes[0], ReasonCode::granted_qos_1);
  EXPECT_EQ(client.publish("u", "x", Qos::at_least_once).type, PacketType::puback);
  client.publish("u", "x", Qos::exactly_once);
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::qos_not_supported);
  TestClient::Connect connect;
  connect.client_id = "w";
  connect.has_will = true;
  connect.will_topic = "w";
  connect.will_qos = Qos::exactly_once;
  EXPECT_EQ(TestClient(broker, Version::v5).connect(std::move(connect)).reason, ReasonCode::qos_not_supported);
}

// covers: 5.0 MQTT-3.2.2-17, 5.0 MQTT-3.3.2-9
TEST(TopicAliasMax, OfTheListenerIsToldAndHeld) {
  VirtualBroker broker(with([](auto& o) { o.listeners.front().topic_alias_max = 2; }));
  for (const std::uint32_t alias : {2u, 3u}) {
    TestClient client(broker, Version::v5);
    EXPECT_EQ(client.connect("c").number(PropertyId::topic_alias_maximum), 2u);
    TestClient::Publish publish;
    publish.topic = "t";
    publish.qos = Qos::at_least_once;
    publish.properties.number(PropertyId::topic_alias, alias);
    EXPECT_EQ(client.publish(std::move(publish)).type, alias == 2 ? PacketType::puback : PacketType::reserved);
    if (alias == 3) {
      EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::topic_alias_invalid);
    }
  }
}

// covers: 5.0 MQTT-3.1.2-26, 5.0 MQTT-3.1.2-27
TEST(TopicAliasMaxOut, IsTheSmallerOfOursAndTheClients) {
  for (const std::uint32_t theirs : {0u, 1u, 10u}) {
    VirtualBroker broker(with([](auto& o) { o.limits.topic_alias_max_out = 2; }));
    TestClient client(broker, Version::v5);
    TestClient::Connect connect;
    connect.client_id = "c";
    if (theirs != 0) connect.properties.number(PropertyId::topic_alias_maximum, theirs);
    client.connect(std::move(connect));
    client.subscribe("#");
    std::uint32_t highest = 0;
    bool omitted = false;
    for (int round = 0; round < 5; ++round) {
      for (const auto* topic : {"a", "b", "c"}) {
        client.publish(topic, "x");
        const auto got = client.publishes();
        ASSERT_EQ(got.size(), 1u);
        highest = std::max(highest, got[0].number(PropertyId::topic_alias).value_or(0));
        omitted = omitted || got[0].topic.empty();
      }
    }
    EXPECT_EQ(highest, std::min(theirs, 2u));
    EXPECT_EQ(broker.options().limits.topic_alias_max_out, 2u);
    if (theirs == 0) {
      EXPECT_FALSE(omitted);
    }
  }
}

// covers: 5.0 MQTT-3.3.4-7
TEST(ReceiveMaximum, IsToldAndEndsTheConnectionOfWhoSendsMore) {
  VirtualBroker broker(with([](auto& o) { o.limits.receive_maximum = 2; }));
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect("c").number(PropertyId::receive_maximum), 2u);
  EXPECT_EQ(client.publish("t", "1", Qos::exactly_once).type, PacketType::pubrec);
  EXPECT_EQ(client.publish("t", "2", Qos::exactly_once).type, PacketType::pubrec);
  client.publish("t", "3", Qos::exactly_once);
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::receive_maximum_exceeded);
}

TEST(InFlightMax, HoldsBesidesTheClientsReceiveMaximum) {
  VirtualBroker broker(with([](auto& o) { o.limits.in_flight_max = 2; }));
  auto client = connected(broker, "c");
  client->subscribe("t", Qos::at_least_once);
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 5; ++i) publisher->publish("t", "x", Qos::at_least_once);
  const auto first = client->publishes();
  EXPECT_EQ(first.size(), 2u);
  client->ack(PacketType::puback, first[1].packet_id);
  EXPECT_EQ(client->publishes().size(), 1u);
}

TEST(Reload, ChangesWhatHoldsFromNowOn) {
  VirtualBroker broker;
  auto client = connected(broker, "c");
  auto options = broker.options();
  options.limits.subscriptions_per_client = 1;
  options.limits.topic_levels_max = 2;
  options.mqtt.tell_no_subscribers = false;
  broker.reload(options);
  EXPECT_EQ(client->subscribe("a").codes[0], ReasonCode::success);
  EXPECT_EQ(client->subscribe("b").codes[0], ReasonCode::quota_exceeded);
  EXPECT_EQ(client->publish("nobody", "x", Qos::at_least_once).reason, ReasonCode::success);
  options.limits.subscriptions_per_client = 2;
  options.mqtt.tell_no_subscribers = true;
  broker.reload(options);
  EXPECT_EQ(client->subscribe("b").codes[0], ReasonCode::success);
  EXPECT_EQ(client->publish("nobody", "x", Qos::at_least_once).reason, ReasonCode::no_matching_subscribers);
  client->publish("a/b/c", "x", Qos::at_least_once);
  EXPECT_TRUE(client->closed());
}

TEST(Reload, ReachesEveryShardAndTheStoreTheyShare) {
  VirtualBroker broker(setup_of(3));
  auto options = broker.options();
  options.limits.filters_per_packet = 1;
  options.limits.retained_messages_max = 1;
  broker.reload(options);
  for (routing::ShardId shard = 0; shard < 3; ++shard) {
    auto client = connected_on(broker, shard, "c" + std::to_string(shard));
    const auto topic = "r" + std::to_string(shard);
    EXPECT_EQ(client->publish(topic, "x", Qos::at_least_once, true).reason,
              shard == 0 ? ReasonCode::no_matching_subscribers : ReasonCode::quota_exceeded);
    client->subscribe_all({{"a", {}}, {"b", {}}});
    EXPECT_TRUE(client->closed());
  }
}

}  // namespace tombo::test
