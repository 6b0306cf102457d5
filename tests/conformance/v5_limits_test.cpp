#include "v5_kit.hpp"

#include <map>

// MQTT 5.0, section 3.1.2: what a client says in CONNECT about what it accepts.
namespace tombo::test::v5a {
namespace {

TestClient::Connect accepting(std::string client_id, std::uint32_t packet_max, std::uint32_t expiry_s = 0) {
  auto connect = named(std::move(client_id), expiry_s);
  connect.properties.number(PropertyId::maximum_packet_size, packet_max);
  return connect;
}

/// A payload that makes a PUBLISH of topic "t" without properties `size` bytes long; size < 130.
std::string payload_for(std::size_t size, Qos qos) {
  return std::string(size - (qos == Qos::at_most_once ? 6 : 8), 'x');
}

bool has_diagnostics(const Received& packet) {
  return packet.has(PropertyId::reason_string) || !packet.user_properties.empty();
}

}  // namespace

// covers: 5.0 MQTT-3.1.2-24
TEST(V5MaximumPacketSize, IsReachedAndNeverExceeded) {
  for (const auto qos : kEveryQos) {
    VirtualBroker broker;
    TestClient subscriber = online(broker, accepting("s", 128));
    subscriber.subscribe("t", Qos::exactly_once);
    TestClient publisher = online(broker, "p");
    publisher.publish("t", std::string(500, 'x'), qos);
    publisher.publish("t", payload_for(129, qos), qos);
    EXPECT_TRUE(subscriber.nothing_received());
    EXPECT_TRUE(alive(subscriber));
    publisher.publish("t", payload_for(128, qos), qos);
    const auto got = subscriber.next();
    EXPECT_EQ(got.type, PacketType::publish);
    EXPECT_EQ(got.raw.size(), 128u);
  }
}

// covers: 5.0 MQTT-3.1.2-24
TEST(V5MaximumPacketSize, HoldsForMessagesWithPropertiesRetainedOnesAndThoseThatWaited) {
  VirtualBroker broker;
  TestClient publisher = online(broker, "p");
  publisher.publish("kept/large", std::string(200, 'x'), Qos::at_least_once, true);
  publisher.publish("kept/small", "small", Qos::at_least_once, true);
  TestClient subscriber = online(broker, accepting("s", 64, 1000));
  subscriber.subscribe("kept/#", Qos::at_least_once);
  EXPECT_EQ(payloads(subscriber.publishes()), std::vector<std::string>{"small"});
  auto large = message("kept/x", "x", Qos::at_least_once);
  large.properties.user("name", std::string(100, 'v'));
  publisher.publish(large);
  EXPECT_TRUE(subscriber.nothing_received());
  subscriber.cut();
  publisher.publish("kept/x", std::string(200, 'x'), Qos::exactly_once);
  publisher.publish("kept/x", "waited", Qos::at_least_once);
  auto again = accepting("s", 64, 1000);
  again.clean_start = false;
  EXPECT_TRUE(subscriber.connect(again).session_present);
  for (const auto& packet : subscriber.publishes()) EXPECT_LE(packet.raw.size(), 64u);
  EXPECT_TRUE(alive(subscriber));
}

// covers: 5.0 MQTT-3.1.2-24
TEST(V5MaximumPacketSize, IsNotMissedBecauseOfATopicAlias) {
  VirtualBroker broker;
  auto connect = accepting("s", 128);
  connect.properties.number(PropertyId::topic_alias_maximum, 10);
  TestClient subscriber = online(broker, connect);
  subscriber.subscribe("t");
  TestClient publisher = online(broker, "p");
  for (int i = 0; i < 5; ++i) publisher.publish("t", payload_for(128, Qos::at_most_once));
  const auto got = subscriber.publishes();
  EXPECT_EQ(got.size(), 5u);
  for (const auto& packet : got) EXPECT_LE(packet.raw.size(), 128u);
}

// covers: 5.0 MQTT-3.1.2-24
TEST(V5MaximumPacketSize, TooSmallForAnyConnackEndsTheConnection) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const std::uint32_t packet_max : {1u, 4u, 5u, 9u}) {
    TestClient client(broker, Version::v5);
    auto connect = accepting("c", packet_max, 100);
    const auto first = client.connect(connect);
    EXPECT_LE(first.raw.size(), packet_max);
    if (first.type == PacketType::connack) continue;
    EXPECT_TRUE(client.nothing_received()) << "nothing comes before CONNACK";
    EXPECT_TRUE(client.closed()) << packet_max;
  }
}

// covers: 5.0 MQTT-3.1.2-25
TEST(V5MaximumPacketSize, AMessageBeyondItCountsAsDelivered) {
  for (const auto qos : {Qos::at_least_once, Qos::exactly_once}) {
    VirtualBroker broker;
    auto connect = accepting("s", 64, 1000);
    connect.properties.number(PropertyId::receive_maximum, 1);
    TestClient subscriber = online(broker, connect);
    subscriber.subscribe("t", qos);
    TestClient publisher = online(broker, "p");
    for (int i = 0; i < 5; ++i) publisher.publish("t", std::string(200, 'x'), qos);
    EXPECT_TRUE(subscriber.nothing_received());
    publisher.publish("t", "small", qos);  // the quota of one is still there
    const auto got = subscriber.publishes();
    EXPECT_EQ(payloads(got), std::vector<std::string>{"small"});
    // Behind a full quota large ones wait in the queue, and are passed over there.
    publisher.publish("t", std::string(200, 'x'), qos);
    publisher.publish("t", "next", qos);
    EXPECT_TRUE(subscriber.nothing_received());
    ASSERT_EQ(got.size(), 1u);
    subscriber.ack(qos == Qos::at_least_once ? PacketType::puback : PacketType::pubrec, got[0].packet_id);
    if (qos == Qos::exactly_once) subscriber.ack(PacketType::pubcomp, got[0].packet_id);
    EXPECT_EQ(payloads(subscriber.publishes()), std::vector<std::string>{"next"});
    // A client that accepts more later does not get them either.
    subscriber.cut();
    EXPECT_TRUE(subscriber.connect(named("s", 1000, false)).session_present);
    EXPECT_EQ(payloads(subscriber.publishes()), std::vector<std::string>{"next"});
  }
}

// covers: 5.0 MQTT-3.1.2-25
TEST(V5MaximumPacketSize, ThatShrinksDropsWhatWasInFlight) {
  VirtualBroker broker;
  auto connect = named("s", 1000);
  connect.properties.number(PropertyId::receive_maximum, 2);
  TestClient subscriber = online(broker, connect);
  subscriber.subscribe("t", Qos::at_least_once);
  TestClient publisher = online(broker, "p");
  publisher.publish("t", std::string(200, 'x'), Qos::at_least_once);
  publisher.publish("t", std::string(200, 'y'), Qos::at_least_once);
  publisher.publish("t", "small", Qos::at_least_once);
  EXPECT_EQ(subscriber.publishes().size(), 2u);
  subscriber.cut();
  auto less = accepting("s", 64, 1000);
  less.clean_start = false;
  less.properties.number(PropertyId::receive_maximum, 1);
  EXPECT_TRUE(subscriber.connect(less).session_present);
  EXPECT_EQ(payloads(subscriber.publishes()), std::vector<std::string>{"small"});
}

// covers: 5.0 MQTT-3.1.2-26, 5.0 MQTT-3.3.2-11
TEST(V5TopicAliasMaximum, BoundsTheAliasesThatTheServerUses) {
  for (const std::uint32_t maximum : {1u, 3u, 65535u}) {
    VirtualBroker broker;
    auto connect = named("s");
    connect.properties.number(PropertyId::topic_alias_maximum, maximum);
    TestClient subscriber = online(broker, connect);
    subscriber.subscribe("#", Qos::at_least_once);
    TestClient publisher = online(broker, "p");
    std::vector<std::string> sent;
    for (int round = 0; round < 6; ++round) {
      for (int topic = 0; topic < 8; ++topic) {
        sent.push_back("long/topic/" + std::to_string(topic));
        publisher.publish(sent.back(), sent.back(), round % 2 == 0 ? Qos::at_most_once : Qos::at_least_once);
        if (topic == 0) {  // used more than the others
          sent.push_back(sent.back());
          publisher.publish(sent.back(), sent.back());
        }
      }
    }
    const auto got = subscriber.publishes();
    EXPECT_EQ(payloads(got), sent);
    std::map<std::uint32_t, std::string> topics;
    int used = 0;
    for (const auto& packet : got) {
      const auto alias = packet.number(PropertyId::topic_alias);
      if (!alias) {
        EXPECT_EQ(packet.topic, packet.payload);
        continue;
      }
      EXPECT_GE(*alias, 1u);
      EXPECT_LE(*alias, maximum);
      if (!packet.topic.empty()) topics[*alias] = packet.topic;
      EXPECT_EQ(topics[*alias], packet.payload);
      if (packet.topic.empty()) ++used;
    }
    EXPECT_GT(used, 0) << "aliases are of no use";
  }
}

// covers: 5.0 MQTT-3.1.2-27
TEST(V5TopicAliasMaximum, AbsentOrZeroMeansNoAlias) {
  for (const bool said : {false, true}) {
    VirtualBroker broker;
    auto connect = named("s");
    if (said) connect.properties.number(PropertyId::topic_alias_maximum, 0);
    TestClient subscriber = online(broker, connect);
    subscriber.subscribe("t", Qos::at_least_once);
    TestClient publisher = online(broker, "p");
    for (int i = 0; i < 10; ++i) publisher.publish("t", "x", i % 2 == 0 ? Qos::at_most_once : Qos::at_least_once);
    const auto got = subscriber.publishes();
    EXPECT_EQ(got.size(), 10u);
    for (const auto& packet : got) {
      EXPECT_FALSE(packet.has(PropertyId::topic_alias));
      EXPECT_EQ(packet.topic, "t");
    }
  }
}

// covers: 5.0 MQTT-3.3.2-7
TEST(V5TopicAliasMaximum, AliasesOfTheServerDieWithTheConnection) {
  VirtualBroker broker;
  TestClient publisher = online(broker, "p");
  TestClient subscriber(broker, Version::v5);
  for (int round = 0; round < 2; ++round) {
    auto connect = named("s", 1000, false);
    connect.properties.number(PropertyId::topic_alias_maximum, 5);
    subscriber.connect(connect);
    subscriber.subscribe("t");
    for (int i = 0; i < 4; ++i) publisher.publish("t", "x");
    const auto got = subscriber.publishes();
    ASSERT_EQ(got.size(), 4u);
    EXPECT_EQ(got[0].topic, "t") << "the topic comes before its alias is used";
    EXPECT_EQ(got[3].topic, "");
    subscriber.cut();
  }
}

// covers: 5.0 MQTT-3.1.2-28
TEST(V5RequestInformation, ResponseInformationIsToldToWhoAsks) {
  VirtualBroker::Setup setup;
  setup.options.mqtt.response_information = "answers/";
  VirtualBroker broker(std::move(setup));
  TestClient client(broker, Version::v5);
  EXPECT_FALSE(client.connect("c").has(PropertyId::response_information));
  for (const std::uint32_t wanted : {0u, 1u}) {
    auto connect = named("c");
    connect.properties.number(PropertyId::request_response_information, wanted);
    EXPECT_EQ(client.connect(connect).has(PropertyId::response_information), wanted == 1);
  }
}

// covers: 5.0 MQTT-3.1.2-29
TEST(V5RequestInformation, WithoutProblemInformationFailuresAreToldByTheirReasonAlone) {
  VirtualBroker::Setup setup;
  OneAccount account;
  setup.authenticator = &account;
  VirtualBroker broker(std::move(setup));
  auto connect = as_alice(named("c"));
  connect.properties.number(PropertyId::request_problem_information, 0);
  TestClient client(broker, Version::v5);
  ASSERT_EQ(client.connect(connect).reason, ReasonCode::success);
  const auto suback = client.subscribe("forbidden/t");
  EXPECT_EQ(suback.codes, std::vector{ReasonCode::not_authorized});
  EXPECT_FALSE(has_diagnostics(suback));
  const auto bad_filter = client.subscribe("a/#/b");
  EXPECT_EQ(bad_filter.codes, std::vector{ReasonCode::topic_filter_invalid});
  EXPECT_FALSE(has_diagnostics(bad_filter));
  const auto puback = client.publish("forbidden/t", "x", Qos::at_least_once);
  EXPECT_EQ(puback.reason, ReasonCode::not_authorized);
  EXPECT_FALSE(has_diagnostics(puback));
  const auto pubrec = client.publish("forbidden/t", "x", Qos::exactly_once);
  EXPECT_EQ(pubrec.reason, ReasonCode::not_authorized);
  EXPECT_FALSE(has_diagnostics(pubrec));
  const auto unsuback = client.unsubscribe("never/subscribed");
  EXPECT_EQ(unsuback.codes, std::vector{ReasonCode::no_subscription_existed});
  EXPECT_FALSE(has_diagnostics(unsuback));
  client.ack(PacketType::pubrel, 4711);
  const auto pubcomp = client.next();
  EXPECT_EQ(pubcomp.reason, ReasonCode::packet_identifier_not_found);
  EXPECT_FALSE(has_diagnostics(pubcomp));
  client.ack(PacketType::pubrec, 4712);
  const auto pubrel = client.next();
  EXPECT_EQ(pubrel.type, PacketType::pubrel);
  EXPECT_FALSE(has_diagnostics(pubrel));
}

}  // namespace tombo::test::v5a
