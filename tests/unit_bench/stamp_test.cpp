#include "bench/measure/stamp.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace tombo::bench {
namespace {

TEST(Stamp, ComesBackFromThePayload) {
  for (const std::size_t size : {24U, 25U, 64U, 100'000U}) {
    std::vector<std::uint8_t> payload(size, 0xAB);
    const Stamp written{.time_us = 1'700'000'000'123'456, .stream = 0xFFFF'FFFE, .sequence = std::uint64_t{1} << 63};
    write_stamp(payload, written);
    const auto read = read_stamp(payload);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->time_us, written.time_us);
    EXPECT_EQ(read->stream, written.stream);
    EXPECT_EQ(read->sequence, written.sequence);
  }
}

TEST(Stamp, BeginsWithTheTimeBigEndianAsMqttLoaderWritesIt) {
  std::vector<std::uint8_t> payload(24);
  write_stamp(payload, {.time_us = 0x0102'0304'0506'0708, .stream = 0, .sequence = 0});
  for (std::uint8_t i = 0; i < 8; ++i) EXPECT_EQ(payload[i], i + 1);
  EXPECT_EQ(read_time(payload), 0x0102'0304'0506'0708);
  write_time(payload, -1);
  EXPECT_EQ(read_time(payload), -1);
  EXPECT_FALSE(read_time(std::span{payload}.first(7)));
}

TEST(Stamp, ShowsEveryChangedBitAndEveryOtherLength) {
  std::vector<std::uint8_t> payload(64, 0);
  write_stamp(payload, {.time_us = 12345, .stream = 7, .sequence = 99});
  for (std::size_t bit = 0; bit < kStampBytes * 8; ++bit) {
    auto damaged = payload;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(read_stamp(damaged)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < 64; ++size) EXPECT_FALSE(read_stamp(std::span{payload}.first(size))) << size;
  EXPECT_FALSE(read_stamp(std::vector<std::uint8_t>(64, 0)));
}

}  // namespace
}  // namespace tombo::bench
