#include "mqtt/write_batch.hpp"

#include "support/codec.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace tombo::mqtt {
namespace {

using test::bytes_of;

Ref<Message> message_of(std::size_t size, char fill) {
  const std::string payload(size, fill);
  return Message::create({.topic = "t", .payload = mqtt::bytes_of(payload)});
}

void append_text(WriteBatch& batch, std::string_view text) {
  batch.append(mqtt::bytes_of(text));
}

std::string text_in(const WriteBatch& batch) {
  const auto bytes = bytes_of(batch);
  return {bytes.begin(), bytes.end()};
}

TEST(WriteBatch, BeginsEmptyAndHoldsNothing) {
  WriteBatch batch;
  iovec piece;
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.capacity(), 0U);
  EXPECT_EQ(batch.describe(&piece, 1), 0U);
}

TEST(WriteBatch, KeepsCopiedAndGatheredBytesInOrder) {
  WriteBatch batch;
  append_text(batch, "head1");
  batch.append_payload(message_of(3000, 'x'));
  append_text(batch, "head2");
  batch.append_payload(message_of(2048, 'y'));
  batch.append_payload(message_of(2049, 'z'));
  EXPECT_EQ(batch.size(), 5U + 3000 + 5 + 2048 + 2049);
  iovec pieces[8];
  EXPECT_EQ(batch.describe(pieces, 8), 5U);
  EXPECT_EQ(text_in(batch),
            "head1" + std::string(3000, 'x') + "head2" + std::string(2048, 'y') + std::string(2049, 'z'));
}

TEST(WriteBatch, DescribesAtMostAsManyPiecesAsThereIsRoomFor) {
  WriteBatch batch;
  for (int i = 0; i < 5; ++i) {
    append_text(batch, "h");
    batch.append_payload(message_of(3000, 'x'));
  }
  for (std::size_t room = 0; room <= 12; ++room) {
    iovec pieces[12];
    EXPECT_EQ(batch.describe(pieces, room), std::min<std::size_t>(room, 10));
  }
}

TEST(WriteBatch, GoesOnFromWhereverAWriteStopped) {
  for (std::size_t step : {1U, 2U, 5U, 7U, 100U, 2047U, 2048U, 2053U, 4101U, 5000U}) {
    WriteBatch batch;
    append_text(batch, "head1");
    batch.append_payload(message_of(2048, 'x'));
    append_text(batch, "head2");
    batch.append_payload(message_of(2048, 'y'));
    append_text(batch, "tail");
    std::string expected = text_in(batch);
    while (!expected.empty()) {
      ASSERT_EQ(batch.size(), expected.size());
      ASSERT_EQ(text_in(batch), expected) << step;
      const std::size_t taken = std::min(step, expected.size());
      batch.consume(taken);
      expected.erase(0, taken);
    }
    EXPECT_TRUE(batch.empty());
  }
}

TEST(WriteBatch, TakesMoreWhileHalfIsStillWaiting) {
  WriteBatch batch;
  std::string expected;
  std::uint32_t random = 7;
  for (int round = 0; round < 3000; ++round) {
    random = random * 1664525U + 1013904223U;
    const std::size_t size = (random >> 20) % 60;
    const char fill = static_cast<char>('a' + round % 26);
    if (round % 9 == 0) {
      batch.append_payload(message_of(size + 1, fill));
      expected += std::string(size + 1, fill);
    } else {
      append_text(batch, std::string(size, fill));
      expected += std::string(size, fill);
    }
    const std::size_t taken = std::min<std::size_t>((random >> 8) % 64, expected.size());
    batch.consume(taken);
    expected.erase(0, taken);
    ASSERT_EQ(batch.size(), expected.size());
    if (round % 100 == 0) {
      ASSERT_EQ(text_in(batch).substr(0, 2000), expected.substr(0, 2000)) << round;
    }
  }
  ASSERT_EQ(text_in(batch), expected);
  EXPECT_LT(batch.capacity(), 1U << 20);
}

TEST(WriteBatch, LetsGoOfAPayloadAsSoonAsItIsSent) {
  WriteBatch batch;
  std::string payload(3000, 'x');
  Ref<Message> message = Message::create({.topic = "t", .payload = mqtt::bytes_of(payload)});
  batch.append_payload(message);
  append_text(batch, "tail");
  batch.consume(3000);
  EXPECT_EQ(text_in(batch), "tail");
  batch.consume(4);
  EXPECT_TRUE(batch.empty());
}

TEST(WriteBatch, GivesItsMemoryBackOnDemand) {
  WriteBatch batch;
  append_text(batch, std::string(5000, 'x'));
  batch.consume(5000);
  batch.shrink(100'000);
  EXPECT_GE(batch.capacity(), 5000U);
  batch.shrink(1000);
  EXPECT_EQ(batch.capacity(), 0U);
  append_text(batch, "again");
  EXPECT_EQ(text_in(batch), "again");
}

TEST(WriteBatch, MovesWholeAndLeavesNothingBehind) {
  WriteBatch batch;
  append_text(batch, "head");
  batch.append_payload(message_of(3000, 'x'));
  WriteBatch other(std::move(batch));
  EXPECT_TRUE(batch.empty());  // NOLINT: a moved-from batch is an empty one
  EXPECT_EQ(other.size(), 3004U);
  append_text(batch, "new");
  other = std::move(batch);
  EXPECT_EQ(text_in(other), "new");
}

}  // namespace
}  // namespace tombo::mqtt
