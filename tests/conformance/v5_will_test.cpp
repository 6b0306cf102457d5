#include "v5_kit.hpp"

// MQTT 5.0, section 3.1: when a will goes out, when not, and what it carries.
namespace tombo::test::v5a {
namespace {

TestClient::Connect with_will(std::string client_id, std::uint32_t expiry_s = 0, std::uint32_t delay_s = 0) {
  auto connect = named(std::move(client_id), expiry_s);
  connect.has_will = true;
  connect.will_topic = "w";
  connect.will_payload = "gone";
  if (delay_s != 0) connect.will_properties.number(PropertyId::will_delay_interval, delay_s);
  return connect;
}

const std::vector<std::string> kOneWill{"gone"};

}  // namespace

// covers: 5.0 MQTT-3.1.2-7, 5.0 MQTT-3.1.2-8
TEST(V5Will, GoesOutHoweverTheConnectionIsLost) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  struct Row {
    std::string_view how;
    std::function<void(TestClient&)> end;
  };
  const Row rows[] = {
      {"the network goes away", [](TestClient& client) { client.cut(); }},
      {"a malformed packet", [](TestClient& client) { client.send_wire("36 ## <t> 00 01 [] 'x'"); }},
      {"a protocol error", [](TestClient& client) { client.send_wire("F0 ## 18 [15 <m>]"); }},
      {"DISCONNECT with 0x04", [](TestClient& client) { client.disconnect(ReasonCode::disconnect_with_will); }},
      {"DISCONNECT with another reason", [](TestClient& client) { client.disconnect(ReasonCode::unspecified_error); }},
      {"keep alive", [](TestClient& client) { client.broker().advance(Seconds{20}); }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.how);
    auto connect = with_will("c");
    connect.keep_alive_s = 10;
    TestClient client = online(broker, connect);
    EXPECT_TRUE(observer.nothing_received()) << "while the client is connected";
    row.end(client);
    EXPECT_EQ(payloads(observer.publishes()), kOneWill);
  }
}

// covers: 5.0 MQTT-3.1.2-8, 5.0 MQTT-3.1.2-10
TEST(V5Will, DoesNotGoOutAfterDisconnectWithSuccess) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  for (const auto packet : {"E0 00", "E0 ## 00", "E0 ## 00 []"}) {
    TestClient client = online(broker, with_will("c", 100, 0));
    client.send_wire(packet);
    EXPECT_TRUE(client.closed());
    broker.advance(Seconds{200});
    EXPECT_TRUE(observer.nothing_received()) << packet;
  }
  TestClient delayed = online(broker, with_will("c", 100, 5));
  delayed.disconnect();
  broker.advance(Seconds{200});
  EXPECT_TRUE(observer.nothing_received());
}

// covers: 5.0 MQTT-3.1.2-8
TEST(V5Will, WaitsForItsDelay) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  online(broker, with_will("c", 100, 5)).cut();
  broker.advance(Milliseconds{4'500});
  EXPECT_TRUE(observer.nothing_received());
  broker.advance(Milliseconds{1'500});
  EXPECT_EQ(payloads(observer.publishes()), kOneWill);
  broker.advance(Seconds{200});
  EXPECT_TRUE(observer.nothing_received()) << "once only";
}

// covers: 5.0 MQTT-3.1.2-8
TEST(V5Will, GoesOutWhenTheSessionEndsBeforeItsDelay) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  online(broker, with_will("c", 3, 50)).cut();
  broker.advance(Milliseconds{2'500});
  EXPECT_TRUE(observer.nothing_received());
  broker.advance(Milliseconds{1'500});
  EXPECT_EQ(payloads(observer.publishes()), kOneWill);
  // Without session expiry the session ends with the connection.
  online(broker, with_will("d", 0, 50)).cut();
  EXPECT_EQ(payloads(observer.publishes()), kOneWill);
  broker.advance(Seconds{100});
  EXPECT_TRUE(observer.nothing_received());
  // A clean start ends the stored session, too.
  online(broker, with_will("e", 100, 50)).cut();
  EXPECT_TRUE(observer.nothing_received());
  online(broker, named("e"));
  EXPECT_EQ(payloads(observer.publishes()), kOneWill);
}

// covers: 5.0 MQTT-3.1.3-9, 5.0 MQTT-3.1.2-8
TEST(V5Will, IsCancelledByAReconnectWithinItsDelay) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  online(broker, with_will("c", 100, 5)).cut();
  broker.advance(Seconds{1});
  TestClient again(broker, Version::v5);
  EXPECT_TRUE(again.connect(named("c", 100, false)).session_present);
  broker.advance(Seconds{20});
  EXPECT_TRUE(observer.nothing_received());
  again.cut();  // the new connection has none
  broker.advance(Seconds{200});
  EXPECT_TRUE(observer.nothing_received());
}

// covers: 5.0 MQTT-3.1.3-9
TEST(V5Will, WithADelayIsCancelledByATakeoverAndWithoutOneGoesOut) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  TestClient delayed = online(broker, with_will("c", 100, 5));
  TestClient heir(broker, Version::v5);
  EXPECT_TRUE(heir.connect(named("c", 100, false)).session_present);
  EXPECT_TRUE(delayed.closed());
  broker.advance(Seconds{20});
  EXPECT_TRUE(observer.nothing_received());
  TestClient prompt = online(broker, with_will("d", 100, 0));
  EXPECT_TRUE(heir.connect(named("d", 100, false)).session_present);
  EXPECT_EQ(payloads(observer.publishes()), kOneWill);
}

// covers: 5.0 MQTT-3.1.2-10
TEST(V5Will, GoesOutOncePerConnectionThatHadOne) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  TestClient client = online(broker, with_will("c", 1000));
  client.cut();
  EXPECT_EQ(payloads(observer.publishes()), kOneWill);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client.connect(named("c", 1000, false)).session_present);
    client.cut();
    broker.advance(Seconds{10});
    EXPECT_TRUE(observer.nothing_received());
  }
  auto again = with_will("c", 1000);
  again.clean_start = false;
  EXPECT_TRUE(client.connect(again).session_present);
  client.cut();
  EXPECT_EQ(payloads(observer.publishes()), kOneWill);
  broker.advance(Seconds{2000});
  EXPECT_TRUE(observer.nothing_received()) << "nor at the session's end";
}

// covers: 5.0 MQTT-3.1.2-9, 5.0 MQTT-3.1.2-12, 5.0 MQTT-3.1.2-14, 5.0 MQTT-3.1.2-15
TEST(V5Will, HasTheQosAndRetainThatConnectGave) {
  for (const bool retain : {false, true}) {
    for (const auto qos : kEveryQos) {
      VirtualBroker broker;
      TestClient observer = online(broker, "observer");
      observer.subscribe("w", options(Qos::exactly_once, RetainHandling::send, true));
      auto connect = with_will("c");
      connect.will_qos = qos;
      connect.will_retain = retain;
      online(broker, connect).cut();
      const auto will = observer.next();
      EXPECT_EQ(will.topic, "w");
      EXPECT_EQ(will.payload, "gone");
      EXPECT_EQ(will.qos, qos);
      EXPECT_EQ(will.retain, retain);
      TestClient late = online(broker, "late");
      late.subscribe("w", Qos::exactly_once);
      const auto kept = late.publishes();
      ASSERT_EQ(kept.size(), retain ? 1u : 0u);
      if (!retain) continue;
      EXPECT_EQ(kept[0].payload, "gone");
      EXPECT_EQ(kept[0].qos, qos);
      EXPECT_TRUE(kept[0].retain);
    }
  }
}

// covers: 5.0 MQTT-3.1.2-15
TEST(V5Will, WithRetainAndWithoutPayloadRemovesTheRetainedMessage) {
  VirtualBroker broker;
  online(broker, "p").publish("w", "old", Qos::at_most_once, true);
  auto connect = with_will("c");
  connect.will_payload.clear();
  connect.will_retain = true;
  online(broker, connect).cut();
  TestClient late = online(broker, "late");
  late.subscribe("w");
  EXPECT_TRUE(late.nothing_received());
}

// covers: 5.0 MQTT-3.1.3-10
TEST(V5Will, KeepsItsUserPropertiesInOrderAndItsOtherPropertiesUnchanged) {
  VirtualBroker broker;
  TestClient observer = witness(broker);
  auto connect = with_will("c");
  connect.will_properties.user("a", "1");
  connect.will_properties.number(PropertyId::payload_format_indicator, 1);
  connect.will_properties.user("b", "2");
  connect.will_properties.text(PropertyId::content_type, "text/plain");
  connect.will_properties.text(PropertyId::response_topic, "answer/here");
  connect.will_properties.user("a", "3");
  connect.will_properties.text(PropertyId::correlation_data, "id");
  connect.will_properties.number(PropertyId::message_expiry_interval, 60);
  online(broker, connect).cut();
  const auto will = observer.next();
  const std::vector<std::pair<std::string, std::string>> expected{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_EQ(will.user_properties, expected);
  EXPECT_EQ(will.number(PropertyId::payload_format_indicator), 1u);
  EXPECT_EQ(will.text(PropertyId::content_type), "text/plain");
  EXPECT_EQ(will.text(PropertyId::response_topic), "answer/here");
  EXPECT_EQ(will.text(PropertyId::correlation_data), "id");
  EXPECT_EQ(will.number(PropertyId::message_expiry_interval), 60u);
  EXPECT_FALSE(will.has(PropertyId::will_delay_interval));
}

}  // namespace tombo::test::v5a
