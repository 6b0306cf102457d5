#include "unit_broker/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using broker::Drop;
using config::QueueFull;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
VirtualBroker::Setup queues(QueueFull policy, std::uint32_t messages_max, std::uint64_t bytes_max = 1 << 20) {
  VirtualBroker::Setup setup;
  setup.options.mqtt.on_queue_full = policy;
  setup.options.limits.queue_messages_max = messages_max;
  setup.options.limits.queue_bytes_max = bytes_max;
  return setup;
}
std::uint64_t queued(VirtualBroker& broker) { return broker.core().sum(&broker::ShardCounters::messages_queued); }
}  // namespace

TEST(QueueLimits, DropNewestKeepsTheOldestByCount) {
  VirtualBroker broker(queues(QueueFull::drop_newest, 3));
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  for (const auto* text : {"1", "2", "3", "4", "5"}) {
    EXPECT_EQ(publisher->publish("t", text, Qos::at_least_once).reason, ReasonCode::success);
  }
  EXPECT_EQ(broker.dropped(Drop::queue_full), 2u);
  EXPECT_EQ(queued(broker), 3u);
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(lasting("s"));
  EXPECT_EQ(payloads(subscriber), "1 2 3");
  EXPECT_EQ(queued(broker), 0u);
}

TEST(QueueLimits, DropOldestKeepsTheNewestAndGivesUpQos0First) {
  auto setup = queues(QueueFull::drop_oldest, 3);
  setup.options.mqtt.queue_qos0_offline = true;
  VirtualBroker broker(std::move(setup));
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  publisher->publish("t", "1", Qos::at_least_once);
  publisher->publish("t", "zero");
  for (const auto* text : {"2", "3", "4"}) publisher->publish("t", text, Qos::at_least_once);
  EXPECT_EQ(broker.dropped(Drop::queue_full), 2u);
  EXPECT_EQ(queued(broker), 3u);
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(lasting("s"));
  EXPECT_EQ(payloads(subscriber), "2 3 4");
}

TEST(QueueLimits, HoldByBytesToo) {
  VirtualBroker broker(queues(QueueFull::drop_newest, 1000, 5000));
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 10; ++i) publisher->publish("t", std::string(2000, 'x'), Qos::at_least_once);
  EXPECT_EQ(queued(broker), 2u);
  EXPECT_EQ(broker.dropped(Drop::queue_full), 8u);
}

TEST(QueueLimits, DropOldestMakesRoomByBytes) {
  VirtualBroker broker(queues(QueueFull::drop_oldest, 1000, 5000));
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 4; ++i) publisher->publish("t", std::to_string(i) + std::string(1000, 'x'), Qos::at_least_once);
  publisher->publish("t", "big" + std::string(2500, 'x'), Qos::at_least_once);
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(lasting("s"));
  const auto got = subscriber.publishes();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].payload.front(), '2');
  EXPECT_EQ(got[2].payload.front(), 'b');
}

TEST(QueueLimits, OneMessageLargerThanTheByteLimitStillFindsAnEmptyQueue) {
  VirtualBroker broker(queues(QueueFull::drop_newest, 1000, 5000));
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  publisher->publish("t", std::string(20'000, 'x'), Qos::at_least_once);
  EXPECT_EQ(queued(broker), 1u);
}

TEST(RejectPublisher, TellsThePublisherAndGivesTheMessageToNobody) {
  VirtualBroker broker(queues(QueueFull::reject_publisher, 2));
  leave_session(broker, "s", "t");
  auto other = connected(broker, "other");
  other->subscribe("#", Qos::at_most_once);
  auto publisher = connected(broker, "p");
  EXPECT_EQ(publisher->publish("t", "1", Qos::at_least_once).reason, ReasonCode::success);
  EXPECT_EQ(publisher->publish("t", "2", Qos::at_least_once).reason, ReasonCode::success);
  EXPECT_EQ(publisher->publish("t", "3", Qos::at_least_once).reason, ReasonCode::quota_exceeded);
  EXPECT_EQ(publisher->publish("t", "4", Qos::exactly_once).reason, ReasonCode::quota_exceeded);
  EXPECT_EQ(payloads(*other), "1 2");
  EXPECT_EQ(broker.dropped(Drop::queue_full), 2u);
  // Another topic is not concerned.
  EXPECT_EQ(publisher->publish("u", "5", Qos::at_least_once).reason, ReasonCode::success);
}

TEST(RejectPublisher, EndsWhenTheQueueHasDrained) {
  VirtualBroker broker(queues(QueueFull::reject_publisher, 4));
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 4; ++i) publisher->publish("t", "x", Qos::at_least_once);
  EXPECT_EQ(publisher->publish("t", "x", Qos::at_least_once).reason, ReasonCode::quota_exceeded);
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(lasting("s"));
  EXPECT_EQ(subscriber.publishes().size(), 4u);
  EXPECT_EQ(publisher->publish("t", "x", Qos::at_least_once).reason, ReasonCode::success);
  EXPECT_EQ(subscriber.publishes().size(), 1u);
}

TEST(RejectPublisher, EndsWithTheSession) {
  VirtualBroker broker(queues(QueueFull::reject_publisher, 1));
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(lasting("s", 60));
  subscriber.subscribe("t", Qos::at_least_once);
  subscriber.cut();
  auto publisher = connected(broker, "p");
  publisher->publish("t", "x", Qos::at_least_once);
  EXPECT_EQ(publisher->publish("t", "x", Qos::at_least_once).reason, ReasonCode::quota_exceeded);
  broker.advance(Seconds{61});
  EXPECT_EQ(publisher->publish("t", "x", Qos::at_least_once).reason, ReasonCode::no_matching_subscribers);
}

TEST(RejectPublisher, LooksForAMemberOfASharedGroupThatHasRoom) {
  VirtualBroker broker(queues(QueueFull::reject_publisher, 2));
  leave_session(broker, "one", "$share/g/t");
  leave_session(broker, "two", "$share/g/t");
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(publisher->publish("t", std::to_string(i), Qos::at_least_once).reason, ReasonCode::success) << i;
  }
  EXPECT_EQ(publisher->publish("t", "4", Qos::at_least_once).reason, ReasonCode::quota_exceeded);
  EXPECT_EQ(broker.dropped(Drop::queue_full), 1u);
  TestClient back(broker, Version::v5);
  back.connect(lasting("one"));
  EXPECT_EQ(back.publishes().size(), 2u);
  EXPECT_EQ(publisher->publish("t", "5", Qos::at_least_once).reason, ReasonCode::success);
  EXPECT_EQ(payloads(back), "5");
}

TEST(SharedGroup, PassesAMemberByWhoseQueueIsFull) {
  VirtualBroker broker(queues(QueueFull::drop_newest, 2));
  leave_session(broker, "one", "$share/g/t");
  leave_session(broker, "two", "$share/g/t");
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 4; ++i) publisher->publish("t", "x", Qos::at_least_once);
  EXPECT_EQ(queued(broker), 4u);
  EXPECT_EQ(broker.dropped(Drop::queue_full), 0u);
}

TEST(RejectPublisher, WorksAcrossShards) {
  auto setup = setup_of(2);
  setup.options.mqtt.on_queue_full = QueueFull::reject_publisher;
  setup.options.limits.queue_messages_max = 2;
  VirtualBroker broker(std::move(setup));
  place_next(broker, 1);
  leave_session(broker, "s", "t");
  auto publisher = connected_on(broker, 0, "p");
  ASSERT_EQ(publisher->connection().shard(), 0);
  publisher->publish("t", "1", Qos::at_least_once);
  publisher->publish("t", "2", Qos::at_least_once);
  EXPECT_EQ(publisher->publish("t", "3", Qos::at_least_once).reason, ReasonCode::quota_exceeded);
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(lasting("s"));
  EXPECT_EQ(subscriber.connection().shard(), 1);
  EXPECT_EQ(payloads(subscriber), "1 2");
  EXPECT_EQ(publisher->publish("t", "4", Qos::at_least_once).reason, ReasonCode::success);
}

TEST(RejectPublisher, TellsBeforeTheFirstMessageIsLostByBytes) {
  VirtualBroker broker(queues(QueueFull::reject_publisher, 1000, 5000));
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  int taken = 0;
  while (publisher->publish("t", std::string(1000, 'x'), Qos::at_least_once).reason == ReasonCode::success) ++taken;
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(lasting("s"));
  EXPECT_EQ(subscriber.publishes().size(), static_cast<std::size_t>(taken));
}

TEST(RejectPublisher, OneWhoSubscribesWhileItsQueueIsFullCountsForTheNewFilterToo) {
  auto setup = queues(QueueFull::reject_publisher, 2);
  setup.options.limits.in_flight_max = 1;
  VirtualBroker broker(std::move(setup));
  auto subscriber = connected(broker, "s");
  subscriber->subscribe("t", Qos::at_least_once);
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 3; ++i) publisher->publish("t", "x", Qos::at_least_once);
  subscriber->subscribe("u", Qos::at_least_once);
  EXPECT_EQ(publisher->publish("u", "x", Qos::at_least_once).reason, ReasonCode::quota_exceeded);
  subscriber->unsubscribe("u");
  EXPECT_EQ(publisher->publish("u", "x", Qos::at_least_once).reason, ReasonCode::no_matching_subscribers);
  for (mqtt::PacketId id = 1; id <= 3; ++id) subscriber->ack(PacketType::puback, id);
  EXPECT_EQ(publisher->publish("t", "x", Qos::at_least_once).reason, ReasonCode::success);
}

TEST(OfflineQos0, IsDroppedUnlessTheOptionKeepsIt) {
  for (const bool keep : {false, true}) {
    auto setup = queues(QueueFull::drop_newest, 10);
    setup.options.mqtt.queue_qos0_offline = keep;
    VirtualBroker broker(std::move(setup));
    leave_session(broker, "s", "t");
    auto publisher = connected(broker, "p");
    publisher->publish("t", "zero");
    publisher->publish("t", "one", Qos::at_least_once);
    EXPECT_EQ(broker.dropped(Drop::offline_qos0), keep ? 0u : 1u);
    TestClient subscriber(broker, Version::v5);
    subscriber.connect(lasting("s"));
    EXPECT_EQ(payloads(subscriber), keep ? "zero one" : "one");
  }
}

TEST(SlowReader, HoldsUpNobodyAndHoldsNoMoreThanItsLimits) {
  auto setup = queues(QueueFull::drop_newest, 100);
  setup.options.limits.output_bytes_max = 10'000;
  VirtualBroker broker(std::move(setup));
  auto slow = connected(broker, "slow");
  auto quick = connected(broker, "quick");
  slow->subscribe("t", Qos::at_most_once);
  quick->subscribe("t", Qos::at_most_once);
  auto publisher = connected(broker, "p");
  slow->connection().stall(true);
  for (int i = 0; i < 2000; ++i) publisher->publish("t", std::string(500, 'x'));
  EXPECT_EQ(quick->publishes().size(), 2000u);
  EXPECT_LE(slow->connection().waiting(), 11'000u);
  EXPECT_LE(queued(broker), 100u);
  EXPECT_LE(broker.core().memory_used(), 100'000u);
  const auto dropped = broker.dropped(Drop::queue_full);
  EXPECT_GT(dropped, 1800u);
  slow->connection().stall(false);
  broker.settle();
  EXPECT_EQ(slow->publishes().size(), 2000 - dropped);
  EXPECT_EQ(broker.core().memory_used(), 0u);
}

TEST(SlowReader, GetsInOrderWhatItsQueueHeld) {
  VirtualBroker broker(queues(QueueFull::drop_oldest, 50));
  auto slow = connected(broker, "slow");
  slow->subscribe("t", Qos::at_least_once);
  auto publisher = connected(broker, "p");
  slow->connection().stall(true);
  for (int i = 0; i < 500; ++i) publisher->publish("t", std::to_string(i), Qos::at_least_once);
  slow->connection().stall(false);
  broker.settle();
  int last = -1;
  for (const auto& publish : slow->publishes()) {
    EXPECT_GT(std::stoi(publish.payload), last);
    last = std::stoi(publish.payload);
  }
  EXPECT_EQ(last, 499);
}

TEST(OutputLimit, AClientThatDoesNotReadItsAnswersIsNotReadFrom) {
  VirtualBroker::Setup setup;
  setup.options.limits.output_bytes_max = 1000;
  VirtualBroker broker(std::move(setup));
  auto rude = connected(broker, "rude");
  rude->connection().stall(true);
  for (int i = 0; i < 50'000; ++i) rude->send_only(std::vector<std::uint8_t>{0xC0, 0x00});
  broker.settle();
  EXPECT_LE(rude->connection().waiting(), 2100u);
  rude->connection().stall(false);
  broker.settle();
  std::size_t answers = 0;
  while (rude->next(PacketType::pingresp).type == PacketType::pingresp) ++answers;
  EXPECT_EQ(answers, 50'000u);
}

// covers: 5.0 MQTT-3.3.2-5, 5.0 MQTT-3.3.2-6
TEST(Expiry, WhatExpiresInTheQueueIsCountedAndNotSentAndTheRestCountsDown) {
  VirtualBroker broker;
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  for (const std::uint32_t expiry : {5u, 100u}) {
    TestClient::Publish publish;
    publish.topic = "t";
    publish.payload = std::to_string(expiry);
    publish.qos = Qos::at_least_once;
    publish.properties.number(mqtt::PropertyId::message_expiry_interval, expiry);
    publisher->publish(std::move(publish));
  }
  broker.advance(Seconds{30});
  TestClient subscriber(broker, Version::v5);
  subscriber.connect(lasting("s"));
  const auto got = subscriber.publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].number(mqtt::PropertyId::message_expiry_interval), 70u);
  EXPECT_EQ(broker.dropped(Drop::expired), 1u);
}

TEST(Drops, ATooLargeMessageIsCounted) {
  VirtualBroker broker;
  TestClient small(broker, Version::v5);
  TestClient::Connect connect;
  connect.client_id = "small";
  connect.properties.number(mqtt::PropertyId::maximum_packet_size, 50);
  small.connect(std::move(connect));
  small.subscribe("t", Qos::at_least_once);
  auto publisher = connected(broker, "p");
  publisher->publish("t", std::string(100, 'x'), Qos::at_least_once);
  publisher->publish("t", "fits", Qos::at_least_once);
  EXPECT_EQ(payloads(small), "fits");
  EXPECT_EQ(broker.dropped(Drop::too_large), 1u);
}

TEST(Drops, WhatASessionLeavesBehindIsCounted) {
  VirtualBroker broker;
  leave_session(broker, "s", "t");
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 3; ++i) publisher->publish("t", "x", Qos::at_least_once);
  TestClient fresh(broker, Version::v5);
  fresh.connect("s", true);
  EXPECT_EQ(broker.dropped(Drop::session_ended), 3u);
  EXPECT_EQ(queued(broker), 0u);
  EXPECT_EQ(broker.core().memory_used(), 0u);
}

}  // namespace tombo::test
