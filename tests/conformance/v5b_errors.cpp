#include "conformance/v5b_cases.hpp"

#include "support/wire_cases.hpp"

namespace tombo::test {

using mqtt::PacketType;
using mqtt::ReasonCode;
using mqtt::Version;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

bool is_bad_packet_of(const WireCase& row, Version version) {
  return !row.ok && row.version == version && row.sender == mqtt::Sender::client && !row.bytes.empty();
}
bool is_connect(const WireCase& row) {
  return row.bytes.front() >> 4 == static_cast<int>(PacketType::connect);
}

}  // namespace

class Mistakes : public AtVersion {};
INSTANTIATE_TEST_SUITE_P(Versions, Mistakes, ::testing::Values(Version::v3_1_1, Version::v5), version_name);

// covers: 5.0 MQTT-4.13.1-1, 5.0 MQTT-4.13.2-1, 3.1.1 MQTT-4.8.0-1, 3.1.1 MQTT-2.2.2-2
TEST_P(Mistakes, EachEndsItsConnectionAndNoOther) {
  auto bystander = client();
  bystander.connect("bystander");
  bystander.subscribe("#");
  auto teller = client();
  teller.connect("teller");
  std::size_t seen = 0;
  for (const auto& row : wire_cases()) {
    if (!is_bad_packet_of(row, GetParam()) || is_connect(row)) continue;
    SCOPED_TRACE(row.name);
    ++seen;
    auto hostile = client();
    ASSERT_EQ(hostile.connect("hostile").type, PacketType::connack);
    hostile.send(row.bytes);
    if (v5()) {
      const auto last = hostile.next();
      EXPECT_EQ(last.type, PacketType::disconnect);
      EXPECT_TRUE(mqtt::is_error(last.reason));
      EXPECT_EQ(last.reason, row.reason.value_or(last.reason));
    }
    expect_silent_close(hostile);
    teller.publish("still/here", "x");
    EXPECT_THAT(topics(bystander), ElementsAre("still/here"));
  }
  EXPECT_GT(seen, 50u);
}

// covers: 5.0 MQTT-4.13.1-1, 5.0 MQTT-4.13.2-1, 3.1.1 MQTT-3.1.4-1, 3.1.1 MQTT-3.2.2-4, 3.1.1 MQTT-3.2.2-5, 3.1.1 MQTT-3.2.2-6
TEST_P(Mistakes, ABadConnectIsNeverAccepted) {
  auto bystander = client();
  bystander.connect("bystander");
  std::size_t seen = 0;
  for (const auto& row : wire_cases()) {
    if (!is_bad_packet_of(row, GetParam()) || !is_connect(row)) continue;
    SCOPED_TRACE(row.name);
    ++seen;
    auto hostile = client();
    hostile.send(row.bytes);
    const auto answer = hostile.connection().take_received();
    if (row.reason == ReasonCode::unsupported_protocol_version) {
      EXPECT_THAT(answer,
                  AnyOf(IsEmpty(), ElementsAre(0x20, 0x02, 0x00, 0x01), ElementsAre(0x20, 0x03, 0x00, 0x84, 0x00)));
    } else if (v5() && !answer.empty()) {
      const auto code = row.reason ? static_cast<std::uint8_t>(*row.reason) : answer[3];
      EXPECT_THAT(answer, ElementsAre(0x20, 0x03, 0x00, code, 0x00));
      EXPECT_GE(code, 0x80);
    } else {
      EXPECT_THAT(answer, IsEmpty());
    }
    EXPECT_TRUE(hostile.closed());
    EXPECT_FALSE(bystander.closed());
  }
  EXPECT_GT(seen, 20u);
}

}  // namespace tombo::test
