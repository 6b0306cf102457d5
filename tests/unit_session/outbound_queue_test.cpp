#include "session/outbound_queue.hpp"
#include "unit_session/deliveries.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using mqtt::Qos;
using session::Delivery;
using session::OutboundQueue;

namespace {
std::string drain(OutboundQueue& queue) {
  std::string all;
  while (!queue.empty()) all += payload_of(queue.pop()) + " ";
  return all;
}
}  // namespace

TEST(OutboundQueue, GivesDeliveriesBackInTheOrderOfTheirComingOverManyChunks) {
  OutboundQueue queue;
  int next_in = 0;
  int next_out = 0;
  // Comes and goes interleaved, so that chunks are begun and left in every position.
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 7; ++i) queue.push(delivery(std::to_string(next_in++)));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(payload_of(queue.pop()), std::to_string(next_out++));
    EXPECT_EQ(queue.size(), static_cast<std::size_t>(next_in - next_out));
  }
  while (!queue.empty()) EXPECT_EQ(payload_of(queue.pop()), std::to_string(next_out++));
  EXPECT_EQ(next_out, next_in);
}

TEST(OutboundQueue, CountsTheFootprintsOfWhatWaits) {
  OutboundQueue queue;
  EXPECT_EQ(queue.bytes(), 0u);
  const Delivery small = delivery("x");
  const Delivery large = delivery(std::string(1000, 'y'));
  queue.push(small);
  queue.push(large);
  EXPECT_EQ(queue.bytes(), small.message->footprint() + large.message->footprint());
  static_cast<void>(queue.pop());
  EXPECT_EQ(queue.bytes(), large.message->footprint());
  queue.clear();
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_TRUE(queue.empty());
}

TEST(OutboundQueue, DropsTheOldestQos0WhereverItStands) {
  OutboundQueue queue;
  queue.push(delivery("a", Qos::at_least_once));
  queue.push(delivery("b", Qos::at_most_once));
  queue.push(delivery("c", Qos::exactly_once));
  queue.push(delivery("d", Qos::at_most_once));
  EXPECT_TRUE(queue.drop_oldest_qos0());
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_TRUE(queue.drop_oldest_qos0());
  EXPECT_FALSE(queue.drop_oldest_qos0());
  EXPECT_EQ(drain(queue), "a c ");
  queue.push(delivery("e", Qos::at_most_once));
  EXPECT_TRUE(queue.drop_oldest_qos0());
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(OutboundQueue, RemovesFromTheMiddleAndKeepsTheOrderOfTheRest) {
  OutboundQueue queue;
  for (int i = 0; i < 60; ++i) queue.push(delivery(std::to_string(i)));
  std::string taken;
  queue.remove_if([](const Delivery& d) { return payload_of(d).ends_with('7'); },
                  [&](Delivery d) { taken += payload_of(d) + " "; });
  EXPECT_EQ(taken, "7 17 27 37 47 57 ");
  EXPECT_EQ(queue.size(), 54u);
  int expected = 0;
  while (!queue.empty()) {
    if (expected % 10 == 7) ++expected;
    EXPECT_EQ(payload_of(queue.pop()), std::to_string(expected++));
  }
}

TEST(OutboundQueue, LetsGoOfItsMessagesWhenItIsCleared) {
  mqtt::MemoryAccount account;
  mqtt::MessageParts parts;
  parts.topic = "t";
  parts.account = &account;
  OutboundQueue queue;
  for (int i = 0; i < 30; ++i) {
    Delivery made;
    made.message = mqtt::Message::create(parts);
    made.message->charge();
    queue.push(std::move(made));
  }
  EXPECT_EQ(account.bytes(), static_cast<std::int64_t>(queue.bytes()));
  queue.clear();
  EXPECT_EQ(account.bytes(), 0);
}

}  // namespace tombo::test
