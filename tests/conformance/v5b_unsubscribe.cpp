#include "conformance/v5b_cases.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Unsubscribing : public AtVersion {
 protected:
  std::string unsubscribe_packet(std::string_view first, std::string_view filters) const {
    return std::string(first) + " ## 00 01" + only_v5("[ ]") + std::string(filters);
  }
  /// What an UNSUBACK says, where the version can say it.
  void expect_codes(const Received& unsuback, std::vector<ReasonCode> codes) const {
    EXPECT_EQ(unsuback.type, PacketType::unsuback);
    EXPECT_EQ(unsuback.codes, v5() ? codes : std::vector<ReasonCode>{});
  }
};
INSTANTIATE_TEST_SUITE_P(Versions, Unsubscribing, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-3.10.1-1, 3.1.1 MQTT-3.10.1-1
TEST_P(Unsubscribing, OtherFlagsCutTheClientOff) {
  for (unsigned flags = 0; flags < 16; ++flags) {
    SCOPED_TRACE(flags);
    auto subscriber = client();
    subscriber.connect("s");
    subscriber.send_wire(unsubscribe_packet(hex(0xA0 | flags), "<t>"));
    if (flags == 2) {
      EXPECT_EQ(subscriber.next().type, PacketType::unsuback);
      EXPECT_FALSE(subscriber.closed());
    } else {
      expect_cut(subscriber, {ReasonCode::malformed_packet});
    }
  }
}

// covers: 5.0 MQTT-3.10.3-1, 3.1.1 MQTT-3.10.3-1
TEST_P(Unsubscribing, AFilterThatIsNoTextCutsTheClientOff) {
  for (const std::string filter :
       {"00 02 C0 80", "00 03 ED A0 80", "00 01 C3", "00 05 F8 88 80 80 80", "00 03 61 00 62"}) {
    SCOPED_TRACE(filter);
    auto subscriber = client();
    subscriber.connect("s");
    subscriber.send_wire(unsubscribe_packet("A2", "<good> " + filter));
    expect_cut(subscriber, {ReasonCode::malformed_packet});
  }
}

// covers: 5.0 MQTT-3.10.3-2, 3.1.1 MQTT-3.10.3-2
TEST_P(Unsubscribing, NoFilterAtAllCutsTheClientOff) {
  auto subscriber = client();
  subscriber.connect("s");
  subscriber.send_wire(unsubscribe_packet("A2", ""));
  expect_cut(subscriber, {ReasonCode::protocol_error, ReasonCode::malformed_packet});
}

// covers: 5.0 MQTT-3.10.4-1, 3.1.1 MQTT-3.10.4-1
TEST_P(Unsubscribing, OnlyTheVeryFilterIsRemoved) {
  auto subscriber = client();
  subscriber.connect("s");
  subscriber.subscribe_all({{"a/+", {}}, {"a/b", {}}, {"a/#", {}}, {"A/case", {}}});
  expect_codes(subscriber.unsubscribe("a/+"), {ReasonCode::success});
  expect_codes(subscriber.unsubscribe("a/+"), {ReasonCode::no_subscription_existed});
  expect_codes(subscriber.unsubscribe("a/CASE"), {ReasonCode::no_subscription_existed});
  expect_codes(subscriber.unsubscribe("a/#"), {ReasonCode::success});
  subscriber.publish("a/b", "1");
  subscriber.publish("a/c", "2");
  subscriber.publish("A/case", "3");
  EXPECT_THAT(payloads(subscriber), ElementsAre("1", "3"));
}

// covers: 5.0 MQTT-3.10.4-2, 3.1.1 MQTT-3.10.4-2
TEST_P(Unsubscribing, NothingComesAfterwards) {
  auto subscriber = client();
  stay(subscriber, "s");
  subscriber.subscribe("t", Qos::exactly_once);
  subscriber.unsubscribe("t");
  auto publisher = client();
  publisher.connect("p");
  for (const auto qos : kEveryQos) publisher.publish("t", "x", qos);
  EXPECT_THAT(payloads(subscriber), IsEmpty());
  subscriber.cut();
  publisher.publish("t", "y", Qos::at_least_once);
  stay(subscriber, "s");
  EXPECT_THAT(payloads(subscriber), IsEmpty());
}

// covers: 5.0 MQTT-3.10.4-3, 3.1.1 MQTT-3.10.4-3
TEST_P(Unsubscribing, DeliveriesThatHaveBegunAreFinished) {
  auto subscriber = client();
  auto publisher = client();
  stay(subscriber, "s");
  publisher.connect("p");
  subscriber.subscribe("t", Qos::exactly_once);
  publisher.publish("t", "two", Qos::exactly_once);
  publisher.publish("t", "one", Qos::at_least_once);
  const auto begun = subscriber.publishes();
  ASSERT_THAT(begun, SizeIs(2));
  subscriber.unsubscribe("t");
  subscriber.ack(PacketType::pubrec, begun[0].packet_id);
  EXPECT_EQ(subscriber.next(PacketType::pubrel).packet_id, begun[0].packet_id);
  subscriber.cut();
  stay(subscriber, "s");
  EXPECT_EQ(subscriber.next(PacketType::pubrel).packet_id, begun[0].packet_id);
  const auto again = subscriber.publishes();
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].payload, "one");
  EXPECT_EQ(again[0].packet_id, begun[1].packet_id);
  EXPECT_TRUE(again[0].dup);
  subscriber.ack(PacketType::pubcomp, begun[0].packet_id);
  subscriber.ack(PacketType::puback, begun[1].packet_id);
  subscriber.cut();
  stay(subscriber, "s");
  EXPECT_TRUE(subscriber.nothing_received());
}

// covers: 5.0 MQTT-3.10.4-4, 5.0 MQTT-3.10.4-5, 3.1.1 MQTT-3.10.4-4, 3.1.1 MQTT-3.10.4-5, 3.1.1 MQTT-2.3.1-7
TEST_P(Unsubscribing, EveryRequestIsAnsweredUnderItsIdentifier) {
  auto subscriber = client();
  subscriber.connect("s");
  for (const auto id : kIdsOfEveryShape) {
    subscriber.subscribe("t");
    for (const auto code : {ReasonCode::success, ReasonCode::no_subscription_existed}) {
      subscriber.send_wire("A2 ## " + hex(id >> 8) + " " + hex(id & 0xFF) + only_v5("[ ]") + "<t>");
      const auto unsuback = subscriber.next();
      expect_codes(unsuback, {code});
      EXPECT_EQ(unsuback.packet_id, id);
      EXPECT_EQ(unsuback.raw.size(), v5() ? 6u : 4u);
    }
  }
}

// covers: 5.0 MQTT-3.10.4-6, 5.0 MQTT-3.11.3-1, 5.0 MQTT-3.11.3-2, 3.1.1 MQTT-3.10.4-6
TEST_P(Unsubscribing, ManyFiltersAreAnsweredTogetherAndInOrder) {
  auto subscriber = client();
  subscriber.connect("s");
  subscriber.subscribe_all({{"a", {}}, {"b", {}}, {"c", {}}});
  expect_codes(subscriber.unsubscribe_all({"a", "unknown", "c", "bad#"}),
               {ReasonCode::success, ReasonCode::no_subscription_existed, ReasonCode::success,
                ReasonCode::topic_filter_invalid});
  EXPECT_TRUE(subscriber.nothing_received());  // one answer for all
  for (const std::string topic : {"a", "b", "c"}) subscriber.publish(topic, "x");
  EXPECT_THAT(topics(subscriber), ElementsAre("b"));
}

}  // namespace tombo::test
