#include "conformance/v5b_cases.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::RetainHandling;
using mqtt::SubscribeOptions;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Subscribing : public AtVersion {
 protected:
  /// A SUBSCRIBE with this first byte and these filters, each with its options.
  std::string subscribe_packet(std::string_view first, std::string_view filters) const {
    return std::string(first) + " ## 00 01" + only_v5("[ ]") + std::string(filters);
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, Subscribing, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-3.8.1-1, 3.1.1 MQTT-3.8.1-1
TEST_P(Subscribing, OtherFlagsCutTheClientOff) {
  for (unsigned flags = 0; flags < 16; ++flags) {
    SCOPED_TRACE(flags);
    auto subscriber = client();
    subscriber.connect("s");
    subscriber.send_wire(subscribe_packet(hex(0x80 | flags), "<t> 00"));
    if (flags == 2) {
      EXPECT_EQ(subscriber.next().type, PacketType::suback);
      EXPECT_FALSE(subscriber.closed());
    } else {
      expect_cut(subscriber, {ReasonCode::malformed_packet});
    }
  }
}

// covers: 5.0 MQTT-3.8.3-1, 3.1.1 MQTT-3.8.3-1
TEST_P(Subscribing, AFilterThatIsNoTextCutsTheClientOff) {
  for (const std::string filter :
       {"00 02 C0 80", "00 03 ED A0 80", "00 01 C3", "00 05 F8 88 80 80 80", "00 03 61 00 62"}) {
    SCOPED_TRACE(filter);
    auto subscriber = client();
    subscriber.connect("s");
    subscriber.send_wire(subscribe_packet("82", "<good> 00 " + filter + " 00"));
    expect_cut(subscriber, {ReasonCode::malformed_packet});
  }
}

// covers: 5.0 MQTT-3.8.3-2, 3.1.1 MQTT-3.8.3-3
TEST_P(Subscribing, NoFilterAtAllCutsTheClientOff) {
  auto subscriber = client();
  subscriber.connect("s");
  subscriber.send_wire(subscribe_packet("82", ""));
  expect_cut(subscriber, {ReasonCode::protocol_error, ReasonCode::malformed_packet});
}

// covers: 5.0 MQTT-3.8.4-1, 5.0 MQTT-3.8.4-2, 3.1.1 MQTT-3.8.4-1, 3.1.1 MQTT-3.8.4-2, 3.1.1 MQTT-2.3.1-7
TEST_P(Subscribing, EveryRequestIsAnsweredUnderItsIdentifier) {
  auto subscriber = client();
  subscriber.connect("s");
  for (const auto id : kIdsOfEveryShape) {
    for (const std::string filter : {"<good> 00", "<a#> 00"}) {  // accepted, refused
      subscriber.send_wire("82 ## " + hex(id >> 8) + " " + hex(id & 0xFF) + only_v5("[ ]") + filter);
      const auto suback = subscriber.next();
      EXPECT_EQ(suback.type, PacketType::suback);
      EXPECT_EQ(suback.packet_id, id);
    }
  }
  EXPECT_FALSE(subscriber.closed());
}

// covers: 5.0 MQTT-3.8.4-3, 3.1.1 MQTT-3.8.4-3
TEST_P(Subscribing, ARepeatedFilterReplacesTheSubscription) {
  auto subscriber = client();
  auto publisher = client();
  subscriber.connect("s");
  publisher.connect("p");
  publisher.publish("t", "kept", Qos::at_least_once, true);
  subscriber.subscribe("t", SubscribeOptions{Qos::at_most_once, false, false, RetainHandling::send}, v5() ? 5 : 0);
  EXPECT_THAT(payloads(subscriber), ElementsAre("kept"));
  SubscribeOptions replacing{Qos::at_least_once, false, v5(), RetainHandling::send};
  EXPECT_THAT(subscriber.subscribe("t", replacing, v5() ? 6 : 0).codes, ElementsAre(ReasonCode::granted_qos_1));
  EXPECT_THAT(payloads(subscriber), ElementsAre("kept"));
  publisher.publish("t", "x", Qos::at_least_once, true);
  const auto got = subscriber.publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].qos, Qos::at_least_once);
  if (v5()) {
    EXPECT_THAT(got[0].subscription_ids(), ElementsAre(6u));
    EXPECT_TRUE(got[0].retain);
  }
  subscriber.unsubscribe("t");
  publisher.publish("t", "y", Qos::at_least_once);
  EXPECT_THAT(payloads(subscriber), IsEmpty());
}

// covers: 5.0 MQTT-3.8.4-4, 3.1.1 MQTT-3.8.4-3
TEST_P(Subscribing, RepeatingASubscriptionLosesNoMessage) {
  auto subscriber = client();
  auto publisher = client();
  subscriber.connect("s");
  publisher.connect("p");
  publisher.publish("t", "kept", Qos::at_most_once, true);
  subscriber.subscribe("t");
  std::vector<std::string> sent;
  std::size_t retained = 0;
  std::vector<std::string> live;
  for (int i = 0; i < 100; ++i) {
    sent.push_back(std::to_string(i));
    publisher.publish("t", sent.back());
    if (i % 7 == 0) subscriber.subscribe("t", i % 2 == 0 ? Qos::at_least_once : Qos::at_most_once);
  }
  for (const auto& got : subscriber.publishes()) {
    if (got.retain) {
      EXPECT_EQ(got.payload, "kept");
      ++retained;
    } else {
      live.push_back(got.payload);
    }
  }
  EXPECT_EQ(live, sent);
  EXPECT_EQ(retained, 1u + 15u);  // one for each SUBSCRIBE
}

// covers: 5.0 MQTT-3.8.4-5, 5.0 MQTT-3.8.4-6, 5.0 MQTT-3.8.4-7, 5.0 MQTT-3.9.3-1, 5.0 MQTT-3.9.3-2
// covers: 3.1.1 MQTT-3.8.4-4, 3.1.1 MQTT-3.8.4-5, 3.1.1 MQTT-3.9.3-1, 3.1.1 MQTT-3.9.3-2
TEST_P(Subscribing, ManyFiltersAreAnsweredTogetherAndInOrder) {
  Doorkeeper doorkeeper;
  VirtualBroker guarded(guarded_by(doorkeeper));
  TestClient subscriber(guarded, GetParam());
  TestClient publisher(guarded, GetParam());
  subscriber.connect("s");
  publisher.connect("p");
  const auto suback = subscriber.subscribe_all({{"a", {Qos::exactly_once}},
                                                {"b#", {Qos::at_least_once}},
                                                {"c/+", {Qos::at_most_once}},
                                                {"secret/x", {Qos::exactly_once}},
                                                {"d/#", {Qos::at_least_once}}});
  const auto invalid = v5() ? ReasonCode::topic_filter_invalid : ReasonCode::unspecified_error;
  const auto denied = v5() ? ReasonCode::not_authorized : ReasonCode::unspecified_error;
  EXPECT_THAT(suback.codes,
              ElementsAre(ReasonCode::granted_qos_2, invalid, ReasonCode::success, denied, ReasonCode::granted_qos_1));
  EXPECT_TRUE(subscriber.nothing_received());  // one answer for all
  for (const std::string topic : {"a", "b", "c/1", "secret/x", "d/1/2"}) publisher.publish(topic, "x");
  EXPECT_THAT(topics(subscriber), ElementsAre("a", "c/1", "d/1/2"));
}

// covers: 5.0 MQTT-3.8.4-8, 3.1.1 MQTT-3.8.4-6
TEST_P(Subscribing, TheLowerOfPublishedAndGrantedQosIsDelivered) {
  for (const auto granted : kEveryQos) {
    auto subscriber = client();
    auto publisher = client();
    subscriber.connect("s");
    publisher.connect("p");
    EXPECT_THAT(subscriber.subscribe("t", granted).codes, ElementsAre(static_cast<ReasonCode>(granted)));
    for (const auto published : kEveryQos) {
      publisher.publish("t", "x", published);
      const auto got = subscriber.publishes();
      ASSERT_EQ(got.size(), 1u);
      EXPECT_EQ(got[0].qos, mqtt::lower_of(granted, published));
    }
  }
}

// covers: 5.0 MQTT-3.8.3-3
TEST(SubscribeOptionsOf5, NoLocalKeepsOwnMessagesAway) {
  VirtualBroker broker;
  TestClient self(broker, Version::v5);
  TestClient other(broker, Version::v5);
  self.connect("self");
  other.connect("other");
  self.subscribe("quiet", SubscribeOptions{Qos::at_least_once, true, false, RetainHandling::send});
  self.subscribe("loud", Qos::at_least_once);
  other.subscribe("quiet", SubscribeOptions{Qos::at_least_once, true, false, RetainHandling::send});
  self.publish("quiet", "1", Qos::at_least_once);
  self.publish("loud", "2", Qos::at_least_once);
  EXPECT_THAT(payloads(self), ElementsAre("2"));
  EXPECT_THAT(payloads(other), ElementsAre("1"));
  other.publish("quiet", "3", Qos::at_least_once);
  EXPECT_THAT(payloads(self), ElementsAre("3"));
  EXPECT_THAT(payloads(other), IsEmpty());
}

// covers: 5.0 MQTT-3.8.3-4
TEST(SubscribeOptionsOf5, NoLocalOnASharedSubscriptionIsAProtocolError) {
  VirtualBroker broker;
  TestClient subscriber(broker, Version::v5);
  subscriber.connect("s");
  subscriber.send_wire("82 ## 00 01 [ ] <$share/g/t> 04");
  expect_cut(subscriber, {ReasonCode::protocol_error});
}

// covers: 5.0 MQTT-3.8.3-5
TEST(SubscribeOptionsOf5, ReservedValuesCutTheClientOff) {
  for (unsigned options = 0; options < 256; ++options) {
    SCOPED_TRACE(hex(options));
    VirtualBroker broker;
    TestClient subscriber(broker, Version::v5);
    subscriber.connect("s");
    subscriber.send_wire("82 ## 00 01 [ ] <t> " + hex(options));
    if ((options & 0xC0) != 0) {
      expect_cut(subscriber, {ReasonCode::malformed_packet});
    } else if ((options & 3) == 3 || (options & 0x30) == 0x30) {
      expect_cut(subscriber, {ReasonCode::protocol_error, ReasonCode::malformed_packet});
    } else {
      EXPECT_EQ(subscriber.next().type, PacketType::suback);
      EXPECT_FALSE(subscriber.closed());
    }
  }
}

// covers: 3.1.1 MQTT-3.8.3-4
TEST(SubscribeOptionsOf311, AnythingButAQosCutsTheClientOff) {
  for (unsigned options = 0; options < 256; ++options) {
    SCOPED_TRACE(hex(options));
    VirtualBroker broker;
    TestClient subscriber(broker, Version::v3_1_1);
    subscriber.connect("s");
    subscriber.send_wire("82 ## 00 01 <t> " + hex(options));
    if (options > 2) {
      expect_cut(subscriber, {});
    } else {
      EXPECT_EQ(subscriber.next().type, PacketType::suback);
      EXPECT_FALSE(subscriber.closed());
    }
  }
}

// covers: 3.1.1 MQTT-3.8.3-2
TEST(SubscribeOptionsOf311, WildcardsAreRefusedWhereTheOperatorForbidsThem) {
  VirtualBroker::Setup setup;
  setup.options.mqtt.wildcard_subscriptions = false;
  VirtualBroker broker(std::move(setup));
  TestClient subscriber(broker, Version::v3_1_1);
  subscriber.connect("s");
  const auto suback = subscriber.subscribe_all({{"a/#", {}}, {"a/b", {}}, {"+", {}}});
  EXPECT_THAT(suback.codes,
              ElementsAre(ReasonCode::unspecified_error, ReasonCode::success, ReasonCode::unspecified_error));
  subscriber.publish("a/c", "x");
  subscriber.publish("a/b", "y");
  EXPECT_THAT(payloads(subscriber), ElementsAre("y"));
}

}  // namespace tombo::test
