#include "v5_kit.hpp"

// MQTT 5.0, section 3.3.1.3: RETAIN.
namespace tombo::test::v5a {
namespace {

/// What a new subscriber of t is told.
std::vector<Received> kept(VirtualBroker& broker) {
  TestClient late = online(broker, "late");
  late.subscribe("t", Qos::exactly_once);
  return late.publishes();
}

}  // namespace

// covers: 5.0 MQTT-3.3.1-5
TEST(V5Retain, TheLastMessageReplacesTheOneBefore) {
  for (const auto first : kEveryQos) {
    for (const auto second : kEveryQos) {
      VirtualBroker broker;
      TestClient publisher = online(broker, "p");
      publisher.publish("t", "A", first, true);
      EXPECT_EQ(payloads(kept(broker)), std::vector<std::string>{"A"});
      publisher.publish("t", "B", second, true);
      publisher.publish("t/other", "C", second, true);
      const auto now = kept(broker);
      ASSERT_EQ(payloads(now), std::vector<std::string>{"B"});
      EXPECT_TRUE(now[0].retain);
      EXPECT_EQ(now[0].qos, second);
    }
  }
}

// covers: 5.0 MQTT-3.3.1-6, 5.0 MQTT-3.3.1-7
TEST(V5Retain, AnEmptyMessageIsDeliveredAndRemovesWhatWasKept) {
  for (const auto qos : kEveryQos) {
    VirtualBroker broker;
    TestClient live = online(broker, "live");
    live.subscribe("t", Qos::exactly_once);
    TestClient publisher = online(broker, "p");
    for (int i = 0; i < 2; ++i) {  // the second time there is nothing to remove
      if (i == 0) publisher.publish("t", "A", qos, true);
      live.drop_received();
      publisher.publish("t", "", qos, true);
      const auto got = live.publishes();
      ASSERT_EQ(got.size(), 1u);
      EXPECT_EQ(got[0].payload, "");
      EXPECT_EQ(got[0].qos, qos);
      EXPECT_TRUE(kept(broker).empty());
    }
  }
}

// covers: 5.0 MQTT-3.3.1-8
TEST(V5Retain, APlainMessageLeavesWhatIsKept) {
  VirtualBroker broker;
  TestClient publisher = online(broker, "p");
  publisher.publish("t", "never kept");
  EXPECT_TRUE(kept(broker).empty());
  publisher.publish("t", "A", Qos::at_least_once, true);
  for (const auto qos : kEveryQos) {
    publisher.publish("t", "B", qos, false);
    publisher.publish("t", "", qos, false);
  }
  EXPECT_EQ(payloads(kept(broker)), std::vector<std::string>{"A"});
}

// covers: 5.0 MQTT-3.3.1-9, 5.0 MQTT-3.3.1-10, 5.0 MQTT-3.3.1-11
TEST(V5RetainHandling, SaysWhetherASubscriptionBringsWhatIsKept) {
  struct Row {
    RetainHandling handling;
    std::size_t first, repeated, after_unsubscribe;
  };
  for (const Row row : {Row{RetainHandling::send, 1, 1, 1},
                        {RetainHandling::send_if_new, 1, 0, 1},
                        {RetainHandling::do_not_send, 0, 0, 0}}) {
    for (const std::string filter : {"t", "+", "#", "t/#"}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(row.handling) << " " << filter);
      VirtualBroker broker;
      TestClient publisher = online(broker, "p");
      publisher.publish("t", "kept", Qos::at_least_once, true);
      TestClient subscriber = online(broker, named("s", 100));
      const auto how = options(Qos::at_least_once, row.handling);
      subscriber.subscribe(filter, how);
      EXPECT_EQ(subscriber.publishes().size(), row.first);
      subscriber.subscribe(filter, how);
      EXPECT_EQ(subscriber.publishes().size(), row.repeated);
      // The subscription lives on with the session.
      subscriber.cut();
      subscriber.connect(named("s", 100, false));
      subscriber.drop_received();
      subscriber.subscribe(filter, how);
      EXPECT_EQ(subscriber.publishes().size(), row.repeated);
      subscriber.unsubscribe(filter);
      subscriber.subscribe(filter, how);
      EXPECT_EQ(subscriber.publishes().size(), row.after_unsubscribe);
      publisher.publish("t", "live");
      EXPECT_EQ(payloads(subscriber.publishes()), std::vector<std::string>{"live"});
    }
  }
}

// covers: 5.0 MQTT-3.3.1-9, 5.0 MQTT-3.3.1-10
TEST(V5RetainHandling, IsThatOfTheFilterInAPacketOfSeveral) {
  VirtualBroker broker;
  TestClient publisher = online(broker, "p");
  for (const auto topic : {"a", "b", "c"}) publisher.publish(topic, topic, Qos::at_most_once, true);
  TestClient subscriber = online(broker, "s");
  subscriber.subscribe_all({{"a", options(Qos::at_most_once, RetainHandling::do_not_send)},
                            {"b", options(Qos::at_most_once, RetainHandling::send)},
                            {"c", options(Qos::at_most_once, RetainHandling::send_if_new)}});
  EXPECT_EQ(payloads(subscriber.publishes()), (std::vector<std::string>{"b", "c"}));
}

// covers: 5.0 MQTT-3.3.1-12, 5.0 MQTT-3.3.1-13
TEST(V5RetainAsPublished, SaysWhetherForwardedCopiesKeepTheFlag) {
  VirtualBroker broker;
  TestClient publisher = online(broker, "p");
  for (const bool as_published : {false, true}) {
    for (const auto qos : kEveryQos) {
      TestClient subscriber = online(broker, "s");
      subscriber.subscribe("t", options(qos, RetainHandling::do_not_send, as_published));
      publisher.publish("t", "retained", qos, true);
      EXPECT_EQ(subscriber.next().retain, as_published);
      publisher.publish("t", "plain", qos, false);
      EXPECT_FALSE(subscriber.next().retain);
      // What was kept has the flag however the subscription was made.
      subscriber.drop_received();
      subscriber.subscribe("t", options(qos, RetainHandling::send, as_published));
      EXPECT_TRUE(subscriber.next().retain);
    }
  }
}

// covers: 5.0 MQTT-3.3.1-12, 5.0 MQTT-3.3.1-13
TEST(V5RetainAsPublished, HoldsForMessagesThatWait) {
  for (const bool as_published : {false, true}) {
    VirtualBroker broker;
    TestClient subscriber = online(broker, named("s", 100));
    subscriber.subscribe("t", options(Qos::at_least_once, RetainHandling::send, as_published));
    subscriber.cut();
    online(broker, "p").publish("t", "x", Qos::at_least_once, true);
    subscriber.connect(named("s", 100, false));
    EXPECT_EQ(subscriber.next().retain, as_published);
  }
}

}  // namespace tombo::test::v5a
