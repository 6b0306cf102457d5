#include "websocket_kit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace {

using namespace tombo;
using namespace tombo::test;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint8_t kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

Octets numbers(std::size_t size) {
  Octets bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  return bytes;
}
Octets close_frame(unsigned code, std::string_view reason = "") {
  return encode(
      {kClose, Octets{static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)} + octets(reason)});
}
Octets closes_with(unsigned code) {
  return {0x88, 0x02, static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code)};
}

TEST(WebSocketFrames, GivePayloadOfAnyLength) {
  for (std::size_t size : {0U,   1U,   2U,   3U,   4U,   5U,    63U,   64U,   65U,    119U,   120U,   121U,   122U,
                           123U, 124U, 125U, 126U, 127U, 128U,  129U,  185U,  186U,   187U,   188U,   189U,   190U,
                           191U, 192U, 193U, 200U, 255U, 4095U, 4096U, 4097U, 16384U, 65535U, 65536U, 300000U}) {
    Side side;
    side.greeted();
    EXPECT_TRUE(side.feed(encode({kBinary, numbers(size)}) + encode({kBinary, octets("next")})));
    EXPECT_EQ(side.inward, numbers(size) + octets("next")) << size;
    EXPECT_TRUE(side.outward.empty());
  }
}

// covers: 5.0 MQTT-6.0.0-2, 3.1.1 MQTT-6.0.0-2
TEST(WebSocketFrames, MayComeInPiecesOfAnySize) {
  const Octets bytes = encode({kBinary, numbers(5), false}) +
                       encode({kContinuation, numbers(300), false}, {1, 2, 3, 4}) + encode({kPing, octets("p")}) +
                       encode({kContinuation, {}, false}) + encode({kContinuation, numbers(71)}, {9, 0, 0, 0xFF}) +
                       encode({kBinary, numbers(130)}) + encode({kPong, {}}) + encode({kBinary, octets("end")});
  const Octets expected = numbers(5) + numbers(300) + numbers(71) + numbers(130) + octets("end");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Side side;
    EXPECT_TRUE(side.greeted().feed(bytes, piece)) << piece;
    EXPECT_EQ(side.inward, expected) << piece;
    EXPECT_THAT(side.outward, ElementsAre(0x8A, 1, 'p')) << piece;
  }
  for (std::size_t split = 1; split < bytes.size(); ++split) {
    Side side;
    side.greeted().feed(Octets(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(split)));
    EXPECT_TRUE(side.feed(Octets(bytes.begin() + static_cast<std::ptrdiff_t>(split), bytes.end())));
    EXPECT_EQ(side.inward, expected) << split;
  }
}

TEST(WebSocketFrames, AreReadInRandomPieces) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    Octets bytes, expected;
    for (int i = 0; i < 20; ++i) {
      const Octets payload = numbers(random() % (random() % 4 == 0 ? 9000 : 200));
      const auto byte = [&] { return static_cast<std::uint8_t>(random() % 256); };
      bytes = bytes + encode({kBinary, payload}, {byte(), byte(), byte(), byte()});
      expected = expected + payload;
    }
    Side side;
    side.greeted();
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size =
          std::min<std::size_t>(bytes.size() - at, 1 + random() % (random() % 3 == 0 ? 10000 : 150));
      ASSERT_TRUE(side.filter->receive({bytes.data() + at, size}, side.inward, side.outward));
      at += size;
    }
    ASSERT_EQ(side.inward, expected);
  }
}

TEST(WebSocketFrames, AreUnmaskedWithAnyKey) {
  for (std::array<std::uint8_t, 4> key :
       {std::array<std::uint8_t, 4>{0, 0, 0, 0}, {0xFF, 0xFF, 0xFF, 0xFF}, {1, 0, 0, 0}, {0, 0, 0, 0x80}}) {
    for (std::size_t size : {3U, 100U, 1000U}) {
      for (std::size_t piece : {1U, 6U, 9U, 133U, 135U, 5000U}) {
        Side side;
        EXPECT_TRUE(side.greeted().feed(encode({kBinary, numbers(size)}, key), piece));
        EXPECT_EQ(side.inward, numbers(size)) << size << " in pieces of " << piece;
      }
    }
  }
}

// covers: 5.0 MQTT-6.0.0-1, 3.1.1 MQTT-6.0.0-1
TEST(WebSocketFrames, AreRefusedWithTheRightCode) {
  struct Row {
    const char* name;
    Octets bytes;
    unsigned code;
    const char* words;
  };
  const Octets key{1, 2, 3, 4};
  const std::vector<Row> rows{
      {"text", encode({kText, octets("hello")}), 1003, "text"},  // [MQTT-6.0.0-1]
      {"empty text", encode({kText, {}}), 1003, "text"},
      {"text in fragments", encode({kText, octets("h"), false}), 1003, "text"},
      {"text within a message", encode({kBinary, octets("h"), false}) + encode({kText, octets("h")}), 1003, "text"},
      {"no mask", encode({kBinary, octets("h"), true, false}), 1002, "not masked"},
      {"no mask on a ping", encode({kPing, octets("h"), true, false}), 1002, "not masked"},
      {"no mask on a second frame", encode({kBinary, numbers(500)}) + encode({kBinary, numbers(500), true, false}),
       1002, "not masked"},
      {"RSV1", encode({kBinary, octets("h"), true, true, 0x40}), 1002, "reserved bits"},
      {"RSV2", encode({kBinary, octets("h"), true, true, 0x20}), 1002, "reserved bits"},
      {"RSV3", encode({kPing, {}, true, true, 0x10}), 1002, "reserved bits"},
      {"opcode 3", encode({3, octets("h")}), 1002, "reserved opcode"},
      {"opcode 7", encode({7, octets("h")}), 1002, "reserved opcode"},
      {"opcode 11", encode({11, octets("h")}), 1002, "reserved opcode"},
      {"opcode 15", encode({15, {}}), 1002, "reserved opcode"},
      {"continuation of nothing", encode({kContinuation, octets("h")}), 1002, "continuation"},
      {"continuation after the end", encode({kBinary, octets("h")}) + encode({kContinuation, octets("h")}), 1002,
       "continuation"},
      {"message within a message", encode({kBinary, octets("h"), false}) + encode({kBinary, octets("h")}), 1002,
       "within"},
      {"ping in fragments", encode({kPing, octets("h"), false}), 1002, "malformed"},
      {"long ping", encode({kPing, numbers(126)}), 1002, "malformed"},
      {"long close", encode({kClose, numbers(200)}), 1002, "malformed"},
      {"length in two bytes for 125", Octets{0x82, 0xFE, 0, 125} + key, 1002, "malformed"},
      {"length in eight bytes for 65535", Octets{0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF} + key, 1002, "malformed"},
      {"length of 64 bits", Octets{0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0} + key, 1002, "malformed"},
      {"close with one byte", encode({kClose, {3}}), 1002, "valid code"},
      {"close with 999", close_frame(999), 1002, "valid code"},
      {"close with 1004", close_frame(1004), 1002, "valid code"},
      {"close with 1005", close_frame(1005), 1002, "valid code"},
      {"close with 1006", close_frame(1006), 1002, "valid code"},
      {"close with 1015", close_frame(1015), 1002, "valid code"},
      {"close with 2999", close_frame(2999), 1002, "valid code"},
      {"close with 5000", close_frame(5000), 1002, "valid code"},
  };
  for (const Row& row : rows) {
    for (std::size_t piece : {1U, 2U, 3U, 1000U}) {
      Side side;
      EXPECT_FALSE(side.greeted().feed(row.bytes, piece)) << row.name;
      EXPECT_EQ(side.outward, closes_with(row.code)) << row.name;
      EXPECT_THAT(std::string(side.filter->why()), HasSubstr(row.words)) << row.name;
      EXPECT_FALSE(side.filter->open()) << row.name;
      EXPECT_FALSE(side.filter->ended()) << row.name;
      EXPECT_FALSE(side.filter->receive(octets("x"), side.inward, side.outward)) << row.name;
    }
  }
}

TEST(WebSocketFrames, EndInGoodOrder) {
  struct Row {
    Octets bytes;
    Octets answer;
  };
  const std::vector<Row> rows{{encode({kClose, {}}), {0x88, 0x00}},
                              {close_frame(1000), closes_with(1000)},
                              {close_frame(1001, "going away"), closes_with(1001)},
                              {close_frame(1003), closes_with(1003)},
                              {close_frame(1007), closes_with(1007)},
                              {close_frame(1011), closes_with(1011)},
                              {close_frame(1014), closes_with(1014)},
                              {close_frame(3000), closes_with(3000)},
                              {close_frame(4999, std::string(123, 'x')), closes_with(4999)}};
  for (const Row& row : rows) {
    for (std::size_t piece : {1U, 1000U}) {
      Side side;
      EXPECT_TRUE(side.greeted().feed(
          encode({kBinary, octets("last words")}) + row.bytes + encode({kBinary, octets("beyond")}), piece));
      EXPECT_EQ(text_of(side.inward), "last words");
      EXPECT_EQ(side.outward, row.answer);
      EXPECT_TRUE(side.filter->ended());
      EXPECT_FALSE(side.filter->open());
      EXPECT_FALSE(side.filter->send(octets("x"), side.outward));
      side.filter->close(side.outward);
      EXPECT_EQ(side.outward, row.answer);
    }
  }
}

TEST(WebSocketFrames, AreClosedByUs) {
  Side side;
  side.greeted().filter->close(side.outward);
  EXPECT_EQ(side.outward, closes_with(1000));
  side.filter->close(side.outward);
  EXPECT_EQ(side.outward, closes_with(1000));
  EXPECT_TRUE(side.feed(encode({kBinary, octets("late")}) + close_frame(1000)));
  EXPECT_EQ(side.outward, closes_with(1000));
  EXPECT_TRUE(side.inward.empty());
}

TEST(WebSocketFrames, AnswerPings) {
  Side side;
  EXPECT_TRUE(side.greeted().feed(encode({kPing, {}}) + encode({kBinary, octets("a"), false}) +
                                  encode({kPing, numbers(125)}) + encode({kPong, octets("not asked for")}) +
                                  encode({kContinuation, octets("b")})));
  EXPECT_EQ(text_of(side.inward), "ab");
  EXPECT_EQ(side.outward, (Octets{0x8A, 0} + Octets{0x8A, 125} + numbers(125)));
}

TEST(WebSocketFrames, AnswerAFloodOfPingsBySomeAndTheLast) {
  Octets flood;
  for (std::uint8_t i = 0; i < 200; ++i) flood = flood + encode({kPing, {i}});
  Side side;
  EXPECT_TRUE(side.greeted().feed(flood));
  EXPECT_EQ(side.outward.size(), 17 * 3U);
  EXPECT_EQ(side.outward.back(), 199);
  side.outward.clear();
  EXPECT_TRUE(side.feed(encode({kPing, {1}})));
  EXPECT_THAT(side.outward, ElementsAre(0x8A, 1, 1));
}

TEST(WebSocketFrames, AllocateNothingForAClaim) {
  Side side;
  side.greeted();
  const Octets head{0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4};
  EXPECT_TRUE(side.feed(head + Octets(100'000)));
  EXPECT_EQ(side.inward.size(), 100'000U);
  EXPECT_LT(side.filter->memory(), 6000U);
}

TEST(WebSocketFrames, LeaveAnIdleConnectionSmall) {
  Side side;
  side.greeted().feed(encode({kBinary, octets("x")}) + encode({kBinary, numbers(70'000)}));
  EXPECT_LT(side.filter->memory(), 1000U);
  side.feed({0x82});
  EXPECT_GT(side.filter->memory(), 4000U);  // of a head
  EXPECT_TRUE(side.filter->send(octets("in between"), side.outward));
  EXPECT_TRUE(side.feed({0x81, 0, 0, 0, 0, 'y'}));
  EXPECT_EQ(side.inward.back(), 'y');
  EXPECT_LT(side.filter->memory(), 1000U);
}

TEST(WebSocketFrames, CarryWhatIsSent) {
  for (std::size_t size : {1U, 125U, 126U, 65535U}) {
    Side side;
    side.greeted();
    EXPECT_TRUE(side.filter->send(numbers(size), side.outward));
    EXPECT_EQ(side.outward, encode({kBinary, numbers(size), true, false})) << size;
  }
  Side side;
  side.greeted();
  EXPECT_TRUE(side.filter->send(numbers(65'536 + 10), side.outward));
  const Octets all = numbers(65'536 + 10);
  EXPECT_EQ(side.outward, encode({kBinary, Octets(all.begin(), all.begin() + 65'535), true, false}) +
                              encode({kBinary, Octets(all.begin() + 65'535, all.end()), true, false}));
  side.outward.clear();
  EXPECT_TRUE(side.filter->send({}, side.outward));
  EXPECT_TRUE(side.outward.empty());
}

TEST(WebSocketFrames, AppendToWhatIsThere) {
  Side side;
  side.greeted();
  side.outward = octets("before");
  side.inward = octets("before");
  EXPECT_TRUE(side.filter->send(octets("x"), side.outward));
  EXPECT_EQ(side.outward, (octets("before") + Octets{0x82, 1, 'x'}));
  EXPECT_TRUE(side.feed(encode({kBinary, numbers(1000)})));
  EXPECT_EQ(side.inward, octets("before") + numbers(1000));
}

}  // namespace
