#include "mqtt/decode.hpp"

#include "support/codec.hpp"
#include "support/wire_cases.hpp"
#include "support/wire_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tombo::mqtt {
namespace {

using test::wire;
using test::wire_cases;
using test::WireCase;

TEST(WireTable, IsLargeAndItsNamesAreUnique) {
  std::set<std::string> names;
  for (const WireCase& row : wire_cases()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  EXPECT_GE(names.size(), 300U);
}

// covers: 5.0 MQTT-4.13.1-1, 3.1.1 MQTT-4.8.0-1, and what each row names
TEST(Decoder, SaysOfEveryRowOfTheWireTableWhatTheRowSays) {
  for (const WireCase& row : wire_cases()) {
    const ReasonCode reason = test::decode_packet(row.bytes, row.version, row.sender);
    if (row.ok) {
      EXPECT_EQ(name_of(reason), "success") << row.name;
    } else if (row.reason) {
      EXPECT_EQ(name_of(reason), name_of(*row.reason)) << row.name;
    } else {
      EXPECT_TRUE(is_error(reason)) << row.name;
    }
  }
}

TEST(Decoder, GivesTheSameAnswerForAPacketWithBytesOfTheNextOneBehindIt) {
  for (const WireCase& row : wire_cases()) {
    if (!row.ok) continue;
    std::vector<std::uint8_t> two = row.bytes;
    two.insert(two.end(), row.bytes.begin(), row.bytes.end());
    const FrameResult framed = next_frame(two, two.size());
    ASSERT_EQ(framed.status, FrameStatus::complete) << row.name;
    EXPECT_EQ(framed.frame.size, row.bytes.size()) << row.name;
  }
}

Frame frame_of(const std::vector<std::uint8_t>& bytes) {
  return next_frame(bytes, bytes.size()).frame;
}

TEST(DecodeConnect, FillsEveryField) {
  const auto bytes = wire(
      "10 ## <MQTT> 05 F6 00 3C [ 11 00 00 00 0A 21 00 14 27 00 01 00 00 22 00 0B 19 01 17 00 15 <m> 16 <d> "
      "26 <a> <b> ] "
      "<abc> [ 18 00 00 00 05 01 01 02 00 00 00 1E 03 <text> 08 <r/t> 09 <id> ] <w/t> <bye> <user> <pass>");
  ConnectView view;
  ASSERT_TRUE(decode_connect(frame_of(bytes), {}, view));
  EXPECT_EQ(view.version, Version::v5);
  EXPECT_FALSE(view.bridge);
  EXPECT_TRUE(view.clean_start);
  EXPECT_EQ(view.keep_alive_s, 60);
  EXPECT_EQ(view.client_id, "abc");
  EXPECT_EQ(view.user_name, "user");
  EXPECT_EQ(text_of(view.password), "pass");
  EXPECT_EQ(view.properties.session_expiry_interval, 10U);
  EXPECT_EQ(view.properties.receive_maximum, 20);
  EXPECT_EQ(view.properties.maximum_packet_size, 65536U);
  EXPECT_EQ(view.properties.topic_alias_maximum, 11);
  EXPECT_EQ(view.properties.request_response_information, 1);
  EXPECT_EQ(view.properties.request_problem_information, 0);
  EXPECT_EQ(view.properties.authentication_method, "m");
  EXPECT_EQ(text_of(view.properties.authentication_data), "d");
  EXPECT_EQ(view.properties.user_properties, 1);
  ASSERT_TRUE(view.has_will);
  EXPECT_EQ(view.will.topic, "w/t");
  EXPECT_EQ(text_of(view.will.payload), "bye");
  EXPECT_EQ(view.will.qos, Qos::exactly_once);
  EXPECT_TRUE(view.will.retain);
  EXPECT_EQ(view.will.properties.will_delay_interval, 5U);
  EXPECT_EQ(view.will.properties.message_expiry_interval, 30U);
  EXPECT_EQ(view.will.properties.content_type, "text");
  EXPECT_EQ(view.will.properties.response_topic, "r/t");
  EXPECT_EQ(text_of(view.will.properties.correlation_data), "id");
}

TEST(DecodeConnect, ReadsTheBridgeBitAtEveryLevel) {
  for (const char* text : {"10 ## <MQTT> 85 02 00 00 [ ] <a>", "10 ## <MQTT> 84 02 00 00 <a>",
                           "10 ## <MQIsdp> 83 02 00 00 <a>"}) {
    const auto bytes = wire(text);
    ConnectView view;
    ASSERT_TRUE(decode_connect(frame_of(bytes), {}, view)) << text;
    EXPECT_TRUE(view.bridge) << text;
  }
}

TEST(DecodeConnect, TakesALoginFlagWithoutItsFieldAsAbsentAt31) {
  const auto bytes = wire("10 ## <MQIsdp> 03 C2 00 0A <a> <user>");
  ConnectView view;
  ASSERT_TRUE(decode_connect(frame_of(bytes), {}, view));
  EXPECT_EQ(view.version, Version::v3_1);
  EXPECT_TRUE(view.has_user_name);
  EXPECT_EQ(view.user_name, "user");
  EXPECT_FALSE(view.has_password);
}

// covers: 5.0 MQTT-3.1.2-2, 3.1.1 MQTT-3.1.2-2
TEST(DecodeConnect, TellsInWhichVersionARefusalIsUnderstood) {
  const auto version_of = [](const char* text) {
    const auto bytes = wire(text);
    ConnectView view;
    EXPECT_EQ(decode_connect(frame_of(bytes), {}, view).error(), ReasonCode::unsupported_protocol_version)
        << text;
    return view.version;
  };
  EXPECT_EQ(version_of("10 ## <MQTT> 06 02 00 00 [ ] <a>"), Version::v5);
  EXPECT_EQ(version_of("10 ## <MQTT> 02 02 00 00 <a>"), Version::v3_1_1);
  EXPECT_EQ(version_of("10 ## <MQIsdp> 04 02 00 00 <a>"), Version::v3_1_1);
  const auto bytes = wire("10 ## <MQTT> 04 03 00 00 <a>");
  ConnectView view;
  EXPECT_FALSE(decode_connect(frame_of(bytes), {}, view));
  EXPECT_EQ(view.version, Version::v3_1_1);
}

TEST(DecodePublish, OverwritesAViewThatIsUsedAgain) {
  const auto rich = wire("35 ## <a> 00 01 [ 01 01 02 00 00 00 0A 03 <t> 23 00 05 26 <a> <b> ] 'x'");
  const auto plain = wire("30 ## <bc> [ ] 'yz'");
  const auto old = wire("30 ## <d> 'w'");
  PublishView view;
  ASSERT_TRUE(decode_publish(frame_of(rich), Version::v5, {}, view));
  EXPECT_EQ(view.qos, Qos::exactly_once);
  EXPECT_TRUE(view.retain);
  EXPECT_EQ(view.packet_id, 1);
  EXPECT_EQ(view.properties.topic_alias, 5);
  ASSERT_TRUE(decode_publish(frame_of(plain), Version::v5, {}, view));
  EXPECT_EQ(view.topic, "bc");
  EXPECT_EQ(text_of(view.payload), "yz");
  EXPECT_EQ(view.packet_id, 0);
  EXPECT_FALSE(view.retain);
  EXPECT_EQ(view.properties.present, 0U);
  EXPECT_EQ(view.properties.topic_alias, 0);
  EXPECT_EQ(view.properties.user_properties, 0);
  EXPECT_TRUE(view.properties.raw.empty());
  ASSERT_TRUE(decode_publish(frame_of(rich), Version::v5, {}, view));
  ASSERT_TRUE(decode_publish(frame_of(old), Version::v3_1_1, {}, view));
  EXPECT_EQ(view.properties.present, 0U);
  EXPECT_EQ(text_of(view.payload), "w");
}

TEST(DecodePublish, RefusesMoreLevelsThanAllowed) {
  const auto bytes = wire("30 ## <a/b/c> [ ]");
  PublishView view;
  DecodeLimits limits;
  limits.topic_levels_max = 3;
  EXPECT_TRUE(decode_publish(frame_of(bytes), Version::v5, limits, view));
  limits.topic_levels_max = 2;
  EXPECT_EQ(decode_publish(frame_of(bytes), Version::v5, limits, view).error(),
            ReasonCode::topic_name_invalid);
}

TEST(DecodePublish, RefusesMorePropertiesThanAllowed) {
  const auto bytes = wire("30 ## <a> [ 26 <a> <b> 26 <a> <b> 26 <a> <b> ]");
  PublishView view;
  DecodeLimits limits;
  limits.properties_max = 3;
  EXPECT_TRUE(decode_publish(frame_of(bytes), Version::v5, limits, view));
  EXPECT_EQ(view.properties.user_properties, 3);
  limits.properties_max = 2;
  EXPECT_EQ(decode_publish(frame_of(bytes), Version::v5, limits, view).error(), ReasonCode::packet_too_large);
}

// covers: 5.0 MQTT-3.3.4-4
TEST(DecodePublish, KeepsTheFirstSubscriptionIdentifierAndAllInRaw) {
  const auto bytes = wire("30 ## <a> [ 0B 80 01 0B 07 ]");
  PublishView view;
  ASSERT_TRUE(decode_publish(frame_of(bytes), Version::v5, {}, view, Sender::server));
  EXPECT_EQ(view.properties.subscription_identifier, 128U);
  int count = 0;
  for_each_property(view.properties.raw, [&](PropertyId, Bytes, Bytes) { ++count; });
  EXPECT_EQ(count, 2);
}

TEST(DecodeSubscribe, HandsOutFiltersOneByOne) {
  const auto bytes = wire("82 ## 00 09 [ 0B 05 ] <a> 2E <b/#> 11");
  SubscribeView view;
  ASSERT_TRUE(decode_subscribe(frame_of(bytes), Version::v5, {}, view));
  EXPECT_EQ(view.packet_id, 9);
  EXPECT_EQ(view.count, 2U);
  EXPECT_EQ(view.properties.subscription_identifier, 5U);
  const SubscriptionView first = next_subscription(view.filters, Version::v5);
  EXPECT_EQ(first.filter, "a");
  EXPECT_EQ(first.options.qos, Qos::exactly_once);
  EXPECT_TRUE(first.options.no_local);
  EXPECT_TRUE(first.options.retain_as_published);
  EXPECT_EQ(first.options.retain_handling, RetainHandling::do_not_send);
  const SubscriptionView second = next_subscription(view.filters, Version::v5);
  EXPECT_EQ(second.filter, "b/#");
  EXPECT_EQ(second.options.qos, Qos::at_least_once);
  EXPECT_FALSE(second.options.no_local);
  EXPECT_EQ(second.options.retain_handling, RetainHandling::send_if_new);
  EXPECT_TRUE(view.filters.empty());
}

TEST(DecodeAck, ForgetsTheReasonOfThePacketBefore) {
  const auto refused = wire("40 ## 00 01 87 [ 1F <no> ]");
  const auto plain = wire("40 ## 00 02");
  AckView view;
  ASSERT_TRUE(decode_ack(frame_of(refused), Version::v5, {}, view));
  EXPECT_EQ(view.reason, ReasonCode::not_authorized);
  EXPECT_EQ(view.properties.reason_string, "no");
  ASSERT_TRUE(decode_ack(frame_of(plain), Version::v5, {}, view));
  EXPECT_EQ(view.packet_id, 2);
  EXPECT_EQ(view.reason, ReasonCode::success);
  EXPECT_FALSE(view.properties.has(PropertyId::reason_string));
}

}  // namespace
}  // namespace tombo::mqtt
