#include "conformance/v5b_cases.hpp"

#include "support/wire_text.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class Publish311 : public ::testing::Test {
 protected:
  void SetUp() override {
    publisher.connect("p");
    subscriber.connect("s");
  }
  /// What a client that comes now finds.
  std::vector<Received> found(const std::string& filter, Qos qos = Qos::exactly_once) {
    TestClient late(broker, Version::v3_1_1);
    late.connect("late");
    late.subscribe(filter, qos);
    return late.publishes();
  }
  VirtualBroker broker;
  TestClient publisher{broker, Version::v3_1_1};
  TestClient subscriber{broker, Version::v3_1_1};
};

// covers: 3.1.1 MQTT-3.3.1-2, 3.1.1 MQTT-3.3.1-3
TEST_F(Publish311, DupIsNotPassedOn) {
  subscriber.subscribe("t", Qos::exactly_once);
  publish_as(publisher, 1, "t", "one", Qos::at_least_once, true);
  publish_as(publisher, 2, "t", "two", Qos::exactly_once, true);
  publisher.publish("t", "zero");
  const auto got = subscriber.publishes();
  ASSERT_THAT(payloads_of(got), ElementsAre("one", "two", "zero"));
  for (const auto& one : got) EXPECT_EQ(one.raw.front() & 0x08, 0);
  // And a message that came without is sent again with it.
  TestClient stayer(broker, Version::v3_1_1);
  stay(stayer, "stayer");
  stayer.subscribe("t", Qos::at_least_once);
  publisher.publish("t", "again", Qos::at_least_once);
  EXPECT_FALSE(stayer.next(PacketType::publish).dup);
  stayer.cut();
  stay(stayer, "stayer");
  EXPECT_TRUE(stayer.next(PacketType::publish).dup);
}

// covers: 3.1.1 MQTT-3.3.1-4
TEST_F(Publish311, Qos3CutsTheClientOff) {
  subscriber.subscribe("#");
  for (const std::string first : {"36", "37", "3E", "3F"}) {
    publisher.connect("p");
    publisher.send_wire(first + " ## <t> 00 01 'x'");
    expect_silent_close(publisher);
  }
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 3.1.1 MQTT-3.3.1-5, 3.1.1 MQTT-3.3.1-8
TEST_F(Publish311, ARetainedMessageIsKeptWithItsQos) {
  for (const auto published : kEveryQos) {
    publisher.publish("kept", "x", published, true);
    for (const auto granted : kEveryQos) {
      const auto got = found("kept", granted);
      ASSERT_THAT(got, SizeIs(1));
      EXPECT_EQ(got[0].payload, "x");
      EXPECT_EQ(got[0].qos, mqtt::lower_of(published, granted));
      EXPECT_TRUE(got[0].retain);
      EXPECT_FALSE(got[0].dup);
    }
  }
}

// covers: 3.1.1 MQTT-3.3.1-6
TEST_F(Publish311, ANewSubscriptionGetsTheLastOfEachTopic) {
  for (const std::string topic : {"a/1", "a/2", "a/3", "b/1"}) {
    publisher.publish(topic, "old " + topic, Qos::at_least_once, true);
    publisher.publish(topic, "new " + topic, Qos::at_least_once, true);
  }
  EXPECT_THAT(payloads_of(found("a/+")), UnorderedElementsAre("new a/1", "new a/2", "new a/3"));
  EXPECT_THAT(payloads_of(found("#")), UnorderedElementsAre("new a/1", "new a/2", "new a/3", "new b/1"));
  EXPECT_THAT(payloads_of(found("b/1")), ElementsAre("new b/1"));
  EXPECT_THAT(found("c"), IsEmpty());
}

// covers: 3.1.1 MQTT-3.3.1-7
TEST_F(Publish311, Qos0ReplacesWhatWasRetained) {
  publisher.publish("kept", "old", Qos::exactly_once, true);
  publisher.publish("kept", "new", Qos::at_most_once, true);
  const auto got = found("kept");
  EXPECT_THAT(payloads_of(got), ElementsAre("new"));
  EXPECT_EQ(got[0].qos, Qos::at_most_once);
}

// covers: 3.1.1 MQTT-3.3.1-9
TEST_F(Publish311, AnEstablishedSubscriptionSeesNoRetain) {
  subscriber.subscribe("kept", Qos::exactly_once);
  for (const auto qos : kEveryQos) {
    publisher.publish("kept", "x", qos, true);
    EXPECT_FALSE(subscriber.next(PacketType::publish).retain);
  }
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 3.1.1 MQTT-3.3.1-10, 3.1.1 MQTT-3.3.1-11
TEST_F(Publish311, AnEmptyMessageRemovesWhatWasRetained) {
  subscriber.subscribe("kept", Qos::exactly_once);
  for (const auto qos : kEveryQos) {
    publisher.publish("kept", "x", qos, true);
    publisher.publish("kept", "", qos, true);
    const auto live = subscriber.publishes();
    EXPECT_THAT(payloads_of(live), ElementsAre("x", ""));
    EXPECT_FALSE(live[1].retain);
    EXPECT_THAT(found("kept"), IsEmpty());
  }
  publisher.publish("never", "", Qos::at_least_once, true);
  EXPECT_THAT(found("#"), IsEmpty());
}

// covers: 3.1.1 MQTT-3.3.1-12
TEST_F(Publish311, AMessageWithoutRetainLeavesTheStoreAlone) {
  publisher.publish("kept", "A", Qos::at_least_once, true);
  for (const auto qos : kEveryQos) publisher.publish("kept", "B", qos);
  publisher.publish("kept", "", Qos::at_least_once);
  EXPECT_THAT(payloads_of(found("kept")), ElementsAre("A"));
}

// covers: 3.1.1 MQTT-3.3.5-1
TEST_F(Publish311, OverlappingSubscriptionsAreServedAtTheHighestQos) {
  subscriber.subscribe("a/#", Qos::at_most_once);
  subscriber.subscribe("a/+", Qos::exactly_once);
  subscriber.subscribe("a/b", Qos::at_least_once);
  for (const auto qos : kEveryQos) {
    publisher.publish("a/b", "x", qos);
    const auto got = subscriber.publishes();
    ASSERT_THAT(got, SizeIs(1));
    EXPECT_EQ(got[0].qos, qos);
  }
}

// covers: 3.1.1 MQTT-3.3.5-2
TEST(Publish311Policy, WhatIsNotAllowedIsAcknowledgedAndNotRouted) {
  Doorkeeper doorkeeper;
  VirtualBroker broker(guarded_by(doorkeeper));
  TestClient subscriber(broker, Version::v3_1_1);
  TestClient publisher(broker, Version::v3_1_1);
  subscriber.connect("s");
  publisher.connect("p");
  subscriber.subscribe("#", Qos::exactly_once);
  for (const bool retain : {false, true}) {
    publisher.publish("secret", "x", Qos::at_most_once, retain);
    EXPECT_EQ(publisher.publish("secret", "x", Qos::at_least_once, retain).raw.size(), 4u);
    const auto pubrec = publisher.publish("secret", "x", Qos::exactly_once, retain);
    EXPECT_EQ(pubrec.raw.size(), 4u);
    publisher.ack(PacketType::pubrel, pubrec.packet_id);
    EXPECT_EQ(publisher.next(PacketType::pubcomp).packet_id, pubrec.packet_id);
  }
  EXPECT_TRUE(subscriber.nothing_received());
  subscriber.subscribe("#", Qos::exactly_once);
  EXPECT_TRUE(subscriber.nothing_received());
}

}  // namespace tombo::test
