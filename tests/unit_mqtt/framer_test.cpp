#include "mqtt/framer.hpp"

#include "support/wire_cases.hpp"
#include "support/wire_text.hpp"

#include <gtest/gtest.h>

namespace tombo::mqtt {
namespace {

using test::wire;

constexpr std::size_t kNoLimit = 300'000'000;

TEST(Framer, WaitsForEveryByteOfEveryPacketInTheWireTable) {
  for (const auto& row : test::wire_cases()) {
    const FrameResult whole = next_frame(row.bytes, kNoLimit);
    if (whole.status != FrameStatus::complete) continue;
    for (std::size_t size = 0; size < row.bytes.size(); ++size) {
      const FrameResult part = next_frame(Bytes(row.bytes).first(size), kNoLimit);
      ASSERT_EQ(part.status, FrameStatus::incomplete) << row.name << ' ' << size;
      ASSERT_TRUE(part.needed == 0 || part.needed == row.bytes.size()) << row.name << ' ' << size;
    }
  }
}

TEST(Framer, HandsOutTypeFlagsAndBody) {
  const auto bytes = wire("3D ## <a> 00 01 'x'");
  const FrameResult result = next_frame(bytes, kNoLimit);
  ASSERT_EQ(result.status, FrameStatus::complete);
  EXPECT_EQ(result.frame.type, PacketType::publish);
  EXPECT_EQ(result.frame.flags, 0x0D);
  EXPECT_EQ(result.frame.size, bytes.size());
  EXPECT_EQ(result.frame.body.size(), bytes.size() - 2);
}

TEST(Framer, LeavesTheNextPacketAlone) {
  const auto bytes = wire("C0 00 D0 00");
  const FrameResult result = next_frame(bytes, kNoLimit);
  EXPECT_EQ(result.frame.type, PacketType::pingreq);
  EXPECT_EQ(result.frame.size, 2U);
}

std::vector<std::uint8_t> packet_of(std::size_t remaining) {
  std::vector<std::uint8_t> bytes{0x30};
  std::size_t value = remaining;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<std::uint8_t>((value & 0x7F) | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(value));
  bytes.resize(bytes.size() + remaining);
  return bytes;
}

TEST(Framer, ReadsLengthsOnBothSidesOfEachStep) {
  for (const std::size_t remaining : {0U, 1U, 127U, 128U, 16383U, 16384U, 2097151U, 2097152U}) {
    const auto bytes = packet_of(remaining);
    const FrameResult result = next_frame(bytes, kNoLimit);
    ASSERT_EQ(result.status, FrameStatus::complete) << remaining;
    EXPECT_EQ(result.frame.body.size(), remaining);
    EXPECT_EQ(result.frame.size, bytes.size());
    EXPECT_EQ(next_frame(Bytes(bytes).first(bytes.size() - 1), kNoLimit).needed,
              remaining == 0 ? 0 : bytes.size());
  }
}

TEST(Framer, NamesTheLargestPacketBeforeItIsThere) {
  const auto bytes = wire("30 FF FF FF 7F");
  const FrameResult result = next_frame(bytes, kNoLimit);
  EXPECT_EQ(result.status, FrameStatus::incomplete);
  EXPECT_EQ(result.needed, kFixedHeaderMax + kRemainingLengthMax);
}

// covers: 5.0 MQTT-1.5.5-1
TEST(Framer, RefusesFiveBytesOfLengthAndPaddedLengths) {
  for (const char* text : {"30 FF FF FF FF", "30 80 80 80 80", "30 80 00", "30 FF 80 00", "30 80 80 80 00"}) {
    const FrameResult result = next_frame(wire(text), kNoLimit);
    EXPECT_EQ(result.status, FrameStatus::refused) << text;
    EXPECT_EQ(result.reason, ReasonCode::malformed_packet) << text;
  }
}

TEST(Framer, RefusesATooLargePacketByItsHeaderAlone) {
  const auto header = wire("30 64");
  EXPECT_EQ(next_frame(header, 102).status, FrameStatus::incomplete);
  EXPECT_EQ(next_frame(header, 101).status, FrameStatus::refused);
  EXPECT_EQ(next_frame(header, 101).reason, ReasonCode::packet_too_large);
  const auto whole = packet_of(100);
  EXPECT_EQ(next_frame(whole, 102).status, FrameStatus::complete);
  EXPECT_EQ(next_frame(whole, 101).reason, ReasonCode::packet_too_large);
  const auto long_header = wire("30 FF FF FF 7F");
  EXPECT_EQ(next_frame(long_header, 1'000'000).reason, ReasonCode::packet_too_large);
}

}  // namespace
}  // namespace tombo::mqtt
