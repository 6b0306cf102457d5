#include "mqtt/properties.hpp"

#include "mqtt/cursor.hpp"
#include "mqtt/encode.hpp"

#include "support/wire_text.hpp"

#include <gtest/gtest.h>

namespace tombo::mqtt {
namespace {

using test::wire;

TEST(PropertyTable, HasTheTwentySevenRowsAndNoOther) {
  int rows = 0;
  for (std::uint32_t id = 0; id < 300; ++id) {
    const PropertyRule* rule = property_rule(id);
    if (rule == nullptr) continue;
    ++rows;
    EXPECT_EQ(static_cast<std::uint32_t>(rule->id), id);
    EXPECT_NE(rule->sets, 0U);
    EXPECT_FALSE(rule->name.empty());
    EXPECT_LE(rule->minimum, rule->maximum);
    EXPECT_EQ(rule->repeatable & ~rule->sets, 0U);
  }
  EXPECT_EQ(rows, 27);
  EXPECT_EQ(property_rule(0xFFFF'FFFF), nullptr);
}

TEST(Properties, HoldTheStandardsDefaultsWhereAbsent) {
  const PropertiesView view;
  EXPECT_EQ(view.receive_maximum, 65535);
  EXPECT_EQ(view.request_problem_information, 1);
  EXPECT_EQ(view.maximum_qos, 2);
  EXPECT_EQ(view.retain_available, 1);
  EXPECT_FALSE(view.has(PropertyId::receive_maximum));
}

TEST(Properties, KnowTheirOwnSizeWhateverTheirType) {
  const auto raw =
      wire("01 00 13 00 0A 11 00 00 00 01 0B FF FF FF 7F 0B 05 03 <text> 09 <> 26 <name> <value>");
  std::vector<std::size_t> sizes;
  std::size_t total = 0;
  for_each_property(raw, [&](PropertyId, Bytes whole, Bytes value) {
    sizes.push_back(whole.size());
    total += whole.size();
    EXPECT_EQ(value.size() + 1, whole.size());
  });
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 3, 5, 5, 2, 7, 3, 14}));
  EXPECT_EQ(total, raw.size());
}

// covers: 5.0 MQTT-3.3.2-4, 5.0 MQTT-3.3.2-15, 5.0 MQTT-3.3.2-16, 5.0 MQTT-3.3.2-17, 5.0 MQTT-3.3.2-18, 5.0
// MQTT-3.3.2-20
TEST(Properties, AreForwardedInOrderWithoutWhatBelongsToOneConnection) {
  const auto raw =
      wire("26 <b> <1> 02 00 00 00 09 01 01 23 00 05 26 <a> <2> 0B 07 18 00 00 00 01 03 <t> 08 <r> 09 <c>");
  const auto expected = wire("26 <b> <1> 01 01 26 <a> <2> 03 <t> 08 <r> 09 <c>");
  ASSERT_EQ(forwarded_size(raw), expected.size());
  std::vector<std::uint8_t> out(expected.size());
  copy_forwarded(raw, out.data());
  EXPECT_EQ(out, expected);
  EXPECT_EQ(forwarded_size({}), 0U);
}

TEST(Properties, AreWrittenByTypeAndReadBack) {
  PropertyWriter writer;
  writer.number(PropertyId::session_expiry_interval, 7)
      .number(PropertyId::receive_maximum, 300)
      .number(PropertyId::request_problem_information, 0)
      .text(PropertyId::authentication_method, "m")
      .binary(PropertyId::authentication_data, bytes_of("d"))
      .user("k", "v");
  EXPECT_EQ(std::vector<std::uint8_t>(writer.bytes().begin(), writer.bytes().end()),
            wire("11 00 00 00 07 21 01 2C 17 00 15 <m> 16 <d> 26 <k> <v>"));
  PropertyWriter ids;
  ids.number(PropertyId::subscription_identifier, kSubscriptionIdMax);
  EXPECT_EQ(std::vector<std::uint8_t>(ids.bytes().begin(), ids.bytes().end()), wire("0B FF FF FF 7F"));
}

TEST(Cursor, StaysFailedAfterTheFirstFieldThatDoesNotFit) {
  const auto bytes = wire("00 05 'abc'");
  Cursor cursor(bytes);
  EXPECT_TRUE(cursor.text().empty());
  EXPECT_FALSE(cursor.ok());
  EXPECT_EQ(cursor.u8(), 0);
  EXPECT_EQ(cursor.u32(), 0U);
  EXPECT_EQ(cursor.varint(), 0U);
  EXPECT_TRUE(cursor.at_end());
  EXPECT_FALSE(cursor.ok());
}

// covers: 5.0 MQTT-1.5.5-1
TEST(Cursor, ReadsVariableByteIntegersInTheirShortestFormOnly) {
  const auto read = [](const char* text) -> std::int64_t {
    const auto bytes = wire(text);
    Cursor cursor(bytes);
    const std::uint32_t value = cursor.varint();
    return cursor.ok() && cursor.at_end() ? std::int64_t{value} : -1;
  };
  EXPECT_EQ(read("00"), 0);
  EXPECT_EQ(read("7F"), 127);
  EXPECT_EQ(read("80 01"), 128);
  EXPECT_EQ(read("FF 7F"), 16383);
  EXPECT_EQ(read("80 80 01"), 16384);
  EXPECT_EQ(read("FF FF 7F"), 2097151);
  EXPECT_EQ(read("80 80 80 01"), 2097152);
  EXPECT_EQ(read("FF FF FF 7F"), 268435455);
  for (const char* bad :
       {"", "80", "80 80", "80 00", "FF 80 00", "80 80 80 80 01", "FF FF FF FF", "FF FF FF 80"}) {
    EXPECT_EQ(read(bad), -1) << bad;
  }
}

}  // namespace
}  // namespace tombo::mqtt
