#include "v5_kit.hpp"

#include <set>

// MQTT 5.0, section 3.3.4: what a PUBLISH brings about.
namespace tombo::test::v5a {
namespace {

std::set<std::uint32_t> ids_of(const Received& packet) {
  const auto ids = packet.subscription_ids();
  EXPECT_EQ(std::set<std::uint32_t>(ids.begin(), ids.end()).size(), ids.size()) << "an identifier twice";
  return {ids.begin(), ids.end()};
}

/// Receive Maximum `maximum`, subscribed to t at QoS 2.
TestClient narrow(VirtualBroker& broker, std::uint32_t maximum) {
  auto connect = named("s", 100);
  connect.properties.number(PropertyId::receive_maximum, maximum);
  TestClient subscriber = online(broker, connect);
  subscriber.subscribe("t", Qos::exactly_once);
  return subscriber;
}

}  // namespace

// covers: 5.0 MQTT-3.3.4-1
TEST(V5PublishAnswer, FollowsTheQos) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  TestClient client = online(broker, "c");
  client.send_wire("30 ## <t> [] '0'");
  EXPECT_TRUE(client.nothing_received());
  client.send_wire("32 ## <t> 00 01 [] '1'");
  EXPECT_EQ(client.next().type, PacketType::puback);
  EXPECT_TRUE(client.nothing_received());
  client.send_wire("34 ## <t> 00 02 [] '2'");
  EXPECT_EQ(client.next().type, PacketType::pubrec);
  EXPECT_TRUE(client.nothing_received());
  EXPECT_EQ(payloads(observer.publishes()), (std::vector<std::string>{"0", "1", "2"}));
}

// covers: 5.0 MQTT-3.3.4-1
TEST(V5PublishAnswer, FollowsTheQosAlsoWhereTheMessageIsRefusedOrNobodySubscribed) {
  VirtualBroker::Setup setup;
  OneAccount account;
  setup.authenticator = &account;
  VirtualBroker broker(std::move(setup));
  TestClient client(broker, Version::v5);
  ASSERT_EQ(client.connect(as_alice(named("c"))).reason, ReasonCode::success);
  for (const std::string topic : {"forbidden/t", "nobody"}) {
    client.publish(topic, "x");
    EXPECT_TRUE(client.nothing_received());
    EXPECT_EQ(client.publish(topic, "x", Qos::at_least_once).type, PacketType::puback);
    EXPECT_EQ(client.publish(topic, "x", Qos::exactly_once).type, PacketType::pubrec);
    EXPECT_TRUE(client.nothing_received());
  }
}

// covers: 5.0 MQTT-3.3.4-2, 5.0 MQTT-3.3.4-3, 5.0 MQTT-3.3.4-4
TEST(V5Overlapping, OneCopyHasTheHighestQosAndEveryIdentifier) {
  for (const unsigned shards : {1u, 2u}) {
    VirtualBroker::Setup setup;
    setup.shards = shards;
    setup.options.placement = config::Placement::hash;
    VirtualBroker broker(std::move(setup));
    for (int client = 0; client < 4; ++client) {
      TestClient subscriber = online(broker, "s" + std::to_string(client));
      subscriber.subscribe("a/#", options(Qos::at_most_once), 11);
      subscriber.subscribe("a/b", options(Qos::exactly_once), 22);
      subscriber.subscribe("+/b", options(Qos::at_least_once), 268'435'455);
      subscriber.subscribe("#", options(Qos::at_most_once));  // without identifier
      subscriber.subscribe("other", options(Qos::exactly_once), 33);
      for (const auto qos : kEveryQos) {
        online(broker, "p").publish("a/b", "x", qos);
        const auto got = subscriber.publishes();
        ASSERT_EQ(got.size(), 1u);
        EXPECT_EQ(got[0].qos, qos);
        EXPECT_EQ(ids_of(got[0]), (std::set<std::uint32_t>{11, 22, 268'435'455}));
      }
      online(broker, "p").publish("a/c", "x", Qos::exactly_once);
      const auto got = subscriber.publishes();
      ASSERT_EQ(got.size(), 1u);
      EXPECT_EQ(got[0].qos, Qos::at_most_once);
      EXPECT_EQ(ids_of(got[0]), std::set<std::uint32_t>{11});
    }
  }
}

// covers: 5.0 MQTT-3.3.4-3
TEST(V5Overlapping, IdentifiersStayWithMessagesThatWaitAreResentOrWereKept) {
  VirtualBroker broker;
  TestClient subscriber = online(broker, named("s", 100));
  subscriber.subscribe("a/#", options(Qos::at_least_once, RetainHandling::do_not_send), 5);
  subscriber.subscribe("a/b", options(Qos::exactly_once, RetainHandling::do_not_send), 6);
  subscriber.cut();
  online(broker, "p").publish("a/b", "x", Qos::exactly_once, true);
  for (int i = 0; i < 2; ++i) {
    subscriber.connect(named("s", 100, false));
    const auto got = subscriber.next();
    EXPECT_EQ(got.qos, Qos::exactly_once);
    EXPECT_EQ(ids_of(got), (std::set<std::uint32_t>{5, 6}));
    subscriber.cut();
  }
  TestClient late = online(broker, "late");
  late.subscribe("a/b", options(Qos::at_most_once), 7);
  EXPECT_EQ(ids_of(late.next(PacketType::publish)), std::set<std::uint32_t>{7});
}

// covers: 5.0 MQTT-3.3.4-2, 5.0 MQTT-3.3.4-3, 5.0 MQTT-3.3.4-5
TEST(V5Overlapping, SeveralCopiesHaveTheirOwnQosAndIdentifier) {
  VirtualBroker::Setup setup;
  setup.options.mqtt.deliver_overlapping_once = false;
  VirtualBroker broker(std::move(setup));
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe("a/#", options(Qos::at_most_once), 1);
  subscriber.subscribe("a/b", options(Qos::exactly_once), 2);
  subscriber.subscribe("+/b", options(Qos::at_least_once));
  online(broker, "p").publish("a/b", "x", Qos::exactly_once);
  const auto got = subscriber.publishes();
  ASSERT_EQ(got.size(), 3u);
  std::set<std::pair<Qos, std::vector<std::uint32_t>>> copies;
  for (const auto& packet : got) copies.emplace(packet.qos, packet.subscription_ids());
  const std::set<std::pair<Qos, std::vector<std::uint32_t>>> expected{
      {Qos::at_most_once, {1}}, {Qos::exactly_once, {2}}, {Qos::at_least_once, {}}};
  EXPECT_EQ(copies, expected);
}

// covers: 5.0 MQTT-3.3.4-6
TEST(V5Publish, WithASubscriptionIdentifierEndsTheConnection) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet : {"30 ## <t> [0B 01] 'x'", "32 ## <t> 00 01 [0B 01] 'x'", "34 ## <t> 00 01 [0B 80 01] 'x'",
                            "30 ## <t> [0B 01 0B 02] 'x'"}) {
    TestClient client = online(broker, "c");
    client.send_wire(packet);
    EXPECT_TRUE(refused_with(client, {ReasonCode::protocol_error, ReasonCode::malformed_packet})) << packet;
    EXPECT_TRUE(observer.nothing_received());
  }
}

// covers: 5.0 MQTT-3.3.4-7
TEST(V5ReceiveMaximum, OfTheServerMustNotBeExceeded) {
  VirtualBroker::Setup setup;
  setup.options.limits.receive_maximum = 3;
  VirtualBroker broker(std::move(setup));
  TestClient observer = witness(broker);
  TestClient client(broker, Version::v5);
  ASSERT_EQ(client.connect("c").number(PropertyId::receive_maximum), 3u);
  // Released ones do not count, nor does QoS 1, which is answered at once.
  for (int i = 0; i < 5; ++i) client.publish_exactly_once("t", "x");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.publish("t", "x", Qos::at_least_once).type, PacketType::puback);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.publish("t", "x", Qos::exactly_once).type, PacketType::pubrec);
  EXPECT_TRUE(alive(client));
  EXPECT_EQ(observer.publishes().size(), 13u);
  client.send_wire("34 ## <t> 00 FF [] 'x'");
  EXPECT_TRUE(refused_with(client, {ReasonCode::receive_maximum_exceeded}));
  EXPECT_TRUE(observer.publishes().empty());
}

// covers: 5.0 MQTT-3.3.4-9
TEST(V5ReceiveMaximum, OfTheClientIsReachedAndNotExceeded) {
  for (const auto qos : {Qos::at_least_once, Qos::exactly_once}) {
    VirtualBroker broker;
    TestClient subscriber = narrow(broker, 2);
    TestClient publisher = online(broker, "p");
    for (int i = 0; i < 6; ++i) publisher.publish("t", std::to_string(i), qos);
    auto got = subscriber.publishes();
    ASSERT_EQ(payloads(got), (std::vector<std::string>{"0", "1"}));
    if (qos == Qos::at_least_once) {
      subscriber.ack(PacketType::puback, got[0].packet_id);
    } else {
      subscriber.ack(PacketType::pubrec, got[0].packet_id);
      EXPECT_EQ(subscriber.next().type, PacketType::pubrel);
      EXPECT_TRUE(subscriber.nothing_received()) << "the exchange is not over yet";
      subscriber.ack(PacketType::pubcomp, got[0].packet_id);
    }
    EXPECT_EQ(payloads(subscriber.publishes()), std::vector<std::string>{"2"});
    // An acknowledgement of nothing gives no room.
    subscriber.ack(PacketType::puback, 4711);
    subscriber.ack(PacketType::pubcomp, 4711);
    EXPECT_TRUE(subscriber.publishes().empty());
    // The quota starts anew with a connection; what was on its way comes first.
    subscriber.cut();
    auto again = named("s", 100, false);
    again.properties.number(PropertyId::receive_maximum, 3);
    subscriber.connect(again);
    EXPECT_EQ(payloads(subscriber.publishes()), (std::vector<std::string>{"1", "2", "3"}));
    subscriber.cut();
    again.properties = {};
    again.properties.number(PropertyId::receive_maximum, 1);
    subscriber.connect(again);
    EXPECT_EQ(payloads(subscriber.publishes()), std::vector<std::string>{"1"});
  }
}

// covers: 5.0 MQTT-3.3.4-9
TEST(V5ReceiveMaximum, IsFreedByAnErrorInPubrec) {
  VirtualBroker broker;
  TestClient subscriber = narrow(broker, 1);
  TestClient publisher = online(broker, "p");
  publisher.publish("t", "1", Qos::exactly_once);
  publisher.publish("t", "2", Qos::exactly_once);
  const auto first = subscriber.publishes();
  ASSERT_EQ(payloads(first), std::vector<std::string>{"1"});
  subscriber.ack(PacketType::pubrec, first[0].packet_id, ReasonCode::quota_exceeded);
  EXPECT_EQ(payloads(subscriber.publishes()), std::vector<std::string>{"2"});
}

// covers: 5.0 MQTT-3.3.4-10
TEST(V5ReceiveMaximum, DoesNotHoldBackOtherPackets) {
  VirtualBroker broker;
  TestClient subscriber = narrow(broker, 1);
  TestClient publisher = online(broker, "p");
  publisher.publish("t", "1", Qos::at_least_once);
  publisher.publish("t", "2", Qos::at_least_once);
  EXPECT_EQ(subscriber.publishes().size(), 1u);
  EXPECT_TRUE(alive(subscriber));
  EXPECT_EQ(subscriber.subscribe("u").codes.size(), 1u);
  EXPECT_EQ(subscriber.unsubscribe("u").codes, std::vector{ReasonCode::success});
  EXPECT_EQ(subscriber.publish("v", "x", Qos::at_least_once).type, PacketType::puback);
  const auto pubrec = subscriber.publish("v", "x", Qos::exactly_once);
  EXPECT_EQ(pubrec.type, PacketType::pubrec);
  subscriber.ack(PacketType::pubrel, pubrec.packet_id);
  EXPECT_EQ(subscriber.next().type, PacketType::pubcomp);
  EXPECT_TRUE(subscriber.nothing_received()) << "the second message waits";
}

}  // namespace tombo::test::v5a
