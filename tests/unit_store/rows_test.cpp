#include "store/owner_row.hpp"
#include "store/rows.hpp"

#include <limits>
#include <random>

namespace tombo::store {
namespace {

MessageRow message() {
  return {"plant/7/temperature",       "21.5", std::string("\x01\x01\x26\x00", 4),
          mqtt::Qos::exactly_once,     true,   1'700'000'000,
          1'700'003'600,               {}};
}

MessageRow retained_message() {
  MessageRow row = message();
  row.source = "source";
  return row;
}

MessageRow plain_message() {
  MessageRow row;
  row.topic = "a";
  row.received_at = 1'700'000'000;
  return row;
}

OwnerRow owner() {
  return {"ldap", {"writers", ""}, {{"a/#", true, false, true}, {"b", false, true, false}}, true, {{"cn", "anna-7"}}, 300};
}
SessionRow session_with_will() {
  SessionRow row{"sensor-1", mqtt::kSessionNeverExpires, 1'700'000'000, "anna", WillRow{}};
  row.will = {"gone", "bye", "p", mqtt::Qos::at_least_once, true, 30, 0, "owner"};
  return row;
}

DeliveryRow delivery_with_body() {
  DeliveryRow row;
  row.qos = mqtt::Qos::exactly_once;
  row.retain = true;
  row.packet_id = 65535;
  row.share_number = 3;
  row.subscription_ids = {1, 127, 128, mqtt::kSubscriptionIdMax};
  row.bytes = 300;
  row.body = message();
  return row;
}

DeliveryRow reference() {
  DeliveryRow row;
  row.message = 3ULL << kEpochShift | 12345;
  row.bytes = 1'000'000;
  return row;
}

DeliveryRow released() {
  DeliveryRow row;
  row.qos = mqtt::Qos::exactly_once;
  row.released = true;
  row.packet_id = 9;
  return row;
}

SubscriptionRow subscription() {
  return {{mqtt::Qos::exactly_once, true, true, mqtt::RetainHandling::do_not_send}, mqtt::kSubscriptionIdMax, 0xFFFF'FFFF};
}

/// What decoding gives as it would be encoded; none if it was refused.
template <class Row>
std::optional<std::string> again(std::optional<Row> row) {
  if (!row) return std::nullopt;
  return encode(*row);
}
using Again = std::function<std::optional<std::string>(std::string_view)>;
struct Sample {
  std::string bytes;
  Again again;
};
std::vector<Sample> samples() {
  const Again messages = [](std::string_view bytes) { return again(decode_message(bytes)); };
  const Again sessions = [](std::string_view bytes) { return again(decode_session(bytes)); };
  const Again owners = [](std::string_view bytes) { return again(decode_owner(bytes)); };
  const Again sources = [](std::string_view bytes) { return again(decode_source(bytes)); };
  const Again subscriptions = [](std::string_view bytes) { return again(decode_subscription(bytes)); };
  const Again deliveries = [](std::string_view bytes) { return again(decode_delivery(bytes)); };
  MessageRow odd_times = plain_message();
  odd_times.received_at = std::numeric_limits<std::int64_t>::min();
  odd_times.expires_at = std::numeric_limits<std::int64_t>::max();
  return {{encode(message()), messages},
          {encode(plain_message()), messages},
          {encode(retained_message()), messages},
          {encode(odd_times), messages},
          {encode(session_with_will()), sessions},
          {encode(SessionRow{}), sessions},
          {encode(owner()), owners},
          {encode(OwnerRow{}), owners},
          {encode(SourceRow{"c", "anna", true, encode(owner())}), sources},
          {encode(SourceRow{}), sources},
          {encode(subscription()), subscriptions},
          {encode(SubscriptionRow{}), subscriptions},
          {encode(delivery_with_body()), deliveries},
          {encode(reference()), deliveries},
          {encode(released()), deliveries}};
}

void expect_equal(const MessageRow& got, const MessageRow& wanted) {
  EXPECT_EQ(got.topic, wanted.topic);
  EXPECT_EQ(got.payload, wanted.payload);
  EXPECT_EQ(got.raw_properties, wanted.raw_properties);
  EXPECT_EQ(got.qos, wanted.qos);
  EXPECT_EQ(got.retain, wanted.retain);
  EXPECT_EQ(got.received_at, wanted.received_at);
  EXPECT_EQ(got.expires_at, wanted.expires_at);
  EXPECT_EQ(got.source, wanted.source);
}

TEST(Rows, OfAMessageComeBackAsTheyWere) {
  for (const MessageRow& row : {message(), plain_message(), retained_message()}) {
    const auto got = decode_message(encode(row));
    ASSERT_TRUE(got);
    expect_equal(*got, row);
  }
}

TEST(Rows, OfASessionComeBackAsTheyWere) {
  const SessionRow row = session_with_will();
  const auto got = decode_session(encode(row));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->client_id, row.client_id);
  EXPECT_EQ(got->expiry_s, row.expiry_s);
  EXPECT_EQ(got->left_at, row.left_at);
  EXPECT_EQ(got->user_name, row.user_name);
  ASSERT_TRUE(got->will);
  EXPECT_EQ(got->will->topic, "gone");
  EXPECT_EQ(got->will->payload, "bye");
  EXPECT_EQ(got->will->raw_properties, "p");
  EXPECT_EQ(got->will->qos, mqtt::Qos::at_least_once);
  EXPECT_TRUE(got->will->retain);
  EXPECT_EQ(got->will->delay_s, 30U);
  EXPECT_EQ(got->will->expiry_s, 0U);
  EXPECT_EQ(got->will->owner, "owner");
  EXPECT_FALSE(decode_session(encode(SessionRow{}))->will);
}

TEST(Rows, OfASessionSayWhetherAnybodyVouchedForIt) {
  for (const char* name : {"", "anna"}) {
    for (const bool vouched : {false, true}) {
      SessionRow row = session_with_will();
      row.user_name = name;
      row.vouched = vouched;
      EXPECT_EQ(decode_session(encode(row))->vouched, vouched) << name;
    }
  }
  // As it was written before that was kept: every name was good.
  const std::string old{"\x01\x00\x01" "c" "\x04" "anna", 9};
  ASSERT_TRUE(decode_session(old));
  EXPECT_TRUE(decode_session(old)->vouched);
}

TEST(Rows, OfAWillsOwnerComeBackAsTheyWere) {
  const auto got = decode_owner(encode(owner()));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->backend, "ldap");
  EXPECT_EQ(got->groups, owner().groups);
  EXPECT_EQ(got->attributes, owner().attributes);
  EXPECT_TRUE(got->has_grants);
  EXPECT_EQ(got->listener, 300u);
  ASSERT_EQ(got->grants.size(), 2u);
  EXPECT_EQ(got->grants[1].filter, "b");
  EXPECT_FALSE(got->grants[1].allow);
}

TEST(Rows, OfASubscriptionComeBackAsTheyWere) {
  const auto got = decode_subscription(encode(subscription()));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->options.qos, mqtt::Qos::exactly_once);
  EXPECT_TRUE(got->options.no_local);
  EXPECT_TRUE(got->options.retain_as_published);
  EXPECT_EQ(got->options.retain_handling, mqtt::RetainHandling::do_not_send);
  EXPECT_EQ(got->subscription_id, mqtt::kSubscriptionIdMax);
  EXPECT_EQ(got->share_number, 0xFFFF'FFFFU);
}

TEST(Rows, OfADeliveryComeBackAsTheyWere) {
  for (const DeliveryRow& row : {delivery_with_body(), reference(), released()}) {
    const auto got = decode_delivery(encode(row));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->qos, row.qos);
    EXPECT_EQ(got->retain, row.retain);
    EXPECT_EQ(got->released, row.released);
    EXPECT_EQ(got->packet_id, row.packet_id);
    EXPECT_EQ(got->share_number, row.share_number);
    EXPECT_EQ(got->subscription_ids, row.subscription_ids);
    EXPECT_EQ(got->message, row.message);
    EXPECT_EQ(got->bytes, row.bytes);
    ASSERT_EQ(got->body.has_value(), row.body.has_value());
    if (row.body) expect_equal(*got->body, *row.body);
  }
}

TEST(Rows, AreSmall) {
  EXPECT_LE(encode(SubscriptionRow{}).size(), 1U);
  EXPECT_LE(encode(reference()).size(), 12U);
  EXPECT_LE(encode(plain_message()).size(), 9U);
}

TEST(Rows, ThatAreCutOffOrTooLongAreRefused) {
  for (const Sample& sample : samples()) {
    EXPECT_EQ(sample.again(sample.bytes), sample.bytes);
    for (std::size_t size = 0; size < sample.bytes.size(); ++size)
      EXPECT_FALSE(sample.again(std::string_view(sample.bytes).substr(0, size))) << size;
    EXPECT_FALSE(sample.again(sample.bytes + '\0'));
    EXPECT_FALSE(sample.again(sample.bytes + sample.bytes));
  }
}

TEST(Rows, WithValuesOutOfRangeAreRefused) {
  EXPECT_FALSE(decode_subscription("\x03"));                                        // QoS 3
  EXPECT_FALSE(decode_subscription("\x30"));                                        // retain handling 3
  EXPECT_FALSE(decode_subscription(std::string("\x40\x00", 2)));                    // an identifier that is absent
  EXPECT_FALSE(decode_subscription("\x40\x80\x80\x80\x80\x01"));                    // above what MQTT has
  EXPECT_FALSE(decode_subscription(std::string("\x80\x81\x00", 3)));                // padded
  EXPECT_FALSE(decode_subscription("\x80\xFF\xFF\xFF\xFF\x7F"));                    // more than 32 bits
  EXPECT_FALSE(decode_message(std::string("\x20\x00\x00\x00", 4)));                 // an unknown flag
  EXPECT_FALSE(decode_message(std::string("\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02\x00\x00", 13)));  // more than 64 bits
  EXPECT_FALSE(decode_number("1234567"));
  EXPECT_EQ(decode_number(encode_number(1ULL << 63)), 1ULL << 63);
}

TEST(Rows, DoNotBelieveALength) {
  EXPECT_FALSE(decode_message(std::string("\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01x", 13)));
  EXPECT_FALSE(decode_delivery("\x80\xFF\xFF\xFF\xFF\x0F\x01\x01\x01"));
}

TEST(Rows, ThatChanceChangedAreRefusedOrAreOtherRows) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t end) { return random() % end; };
  std::size_t accepted = 0, refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    for (const Sample& sample : samples()) {
      std::string bytes = sample.bytes;
      for (std::size_t changes = 1 + below(3); changes != 0; --changes) {
        const std::size_t at = below(bytes.size() + 1);
        switch (below(4)) {
          case 0: if (at < bytes.size()) bytes[at] = static_cast<char>(random()); break;
          case 1: if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
          case 2: bytes.insert(at, 1, static_cast<char>(random())); break;
          case 3: if (at < bytes.size()) bytes.erase(at, 1); break;
        }
      }
      const auto got = sample.again(bytes);
      ASSERT_TRUE(!got || *got == bytes) << ::testing::PrintToString(bytes);
      ++(got ? accepted : refused);
    }
  }
  EXPECT_GT(accepted, 0U);
  EXPECT_GT(refused, accepted);
}

}  // namespace
}  // namespace tombo::store
