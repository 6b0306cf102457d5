#include "unit_broker/restarts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

TEST(Restart, ASessionComesBackWithItsSubscriptionsAndItsQueueInOrder) {
  Restarts world;
  world.leave("s", "a/+");
  for (const char* text : {"1", "2", "3"}) world.publish("a/x", text);
  world.crash();
  world.publish("a/y", "4");
  TestClient client(world.broker(), Version::v5);
  EXPECT_TRUE(client.connect(lasting("s")).session_present);
  EXPECT_EQ(take_all(client), "1 2 3 4");
  world.restart();
  auto again = world.come("s");
  EXPECT_EQ(take_all(*again), "");
  world.publish("a/z", "5");
  EXPECT_EQ(take_all(*again), "5");
}

TEST(Restart, WhatWasNotAcknowledgedToTheStoreIsNotAcknowledgedToThePublisher) {
  Restarts world;
  world.leave("s", "t");
  world->run_store(false);
  auto client = connected(world.broker(), "p");
  EXPECT_EQ(client->publish("t", "x", Qos::at_least_once).type, PacketType::reserved);
  EXPECT_EQ(client->publish("t", "y", Qos::exactly_once).type, PacketType::reserved);
}

TEST(Restart, OptionsOfASubscriptionSurvive) {
  Restarts world;
  {
    auto client = world.come("s");
    mqtt::SubscribeOptions options;
    options.qos = Qos::at_least_once;
    options.retain_as_published = true;
    client->subscribe("t", options, 17);
    client->subscribe("gone", Qos::at_least_once);
    client->unsubscribe("gone");
    client->disconnect();
  }
  world.publish("t", "before", Qos::at_least_once, true);
  world.crash();
  world.publish("t", "after", Qos::at_least_once, true);
  world.publish("gone", "no");
  auto client = world.come("s");
  const auto publishes = client->publishes();
  ASSERT_EQ(publishes.size(), 2u);
  for (const auto& publish : publishes) {
    EXPECT_TRUE(publish.retain);
    EXPECT_EQ(publish.subscription_ids(), std::vector<std::uint32_t>{17});
  }
}

// covers: 5.0 MQTT-4.4.0-1, 5.0 MQTT-4.3.3-10
TEST(Restart, AQos2MessageInFlightGoesOnUnderItsIdentifier) {
  Restarts world;
  auto client = world.come("s");
  client->subscribe("t", Qos::exactly_once);
  world.publish("t", "one", Qos::exactly_once);
  world.publish("t", "two", Qos::exactly_once);
  const auto one = client->next(PacketType::publish);
  const auto two = client->next(PacketType::publish);
  client->ack(PacketType::pubrec, two.packet_id);
  EXPECT_EQ(client->next(PacketType::pubrel).packet_id, two.packet_id);
  world.crash();
  client = world.come("s");
  const auto resent = client->next(PacketType::publish);
  EXPECT_EQ(resent.packet_id, one.packet_id);
  EXPECT_TRUE(resent.dup);
  EXPECT_EQ(resent.payload, "one");
  EXPECT_EQ(client->next(PacketType::pubrel).packet_id, two.packet_id);
  EXPECT_EQ(client->next(PacketType::publish).type, PacketType::reserved);
}

// covers: 5.0 MQTT-4.3.3-10
TEST(Restart, ARepeatedQos2PublishIsKnownAndAReleasedOneForgotten) {
  Restarts world;
  world.leave("s", "t", Qos::exactly_once);
  auto publisher = world.come("p");
  TestClient::Publish publish;
  publish.topic = "t";
  publish.payload = "once";
  publish.qos = Qos::exactly_once;
  publish.packet_id = 9;
  EXPECT_EQ(publisher->publish(publish).type, PacketType::pubrec);
  world.crash();
  publisher = world.come("p");
  publish.dup = true;
  EXPECT_EQ(publisher->publish(publish).type, PacketType::pubrec);
  publisher->ack(PacketType::pubrel, 9);
  EXPECT_EQ(publisher->next(PacketType::pubcomp).packet_id, 9);
  world.crash();
  publisher = world.come("p");
  publish.dup = false;
  publish.payload = "another";
  EXPECT_EQ(publisher->publish(publish).type, PacketType::pubrec);
  auto client = world.come("s");
  EXPECT_EQ(take_all(*client), "once another");
}

TEST(Restart, RetainedMessagesAreTheLastAcknowledgedOnes) {
  Restarts world;
  world.publish("a", "old", Qos::at_least_once, true);
  world.publish("a", "new", Qos::at_least_once, true);
  world.publish("b", "x", Qos::at_least_once, true);
  world.publish("b", "", Qos::at_least_once, true);
  world.crash();
  auto client = connected(world.broker(), "c");
  client->subscribe("#", Qos::at_least_once);
  EXPECT_EQ(payloads(*client), "new");
}

TEST(Restart, ExpiryGoesOnByTheWallClock) {
  Restarts world;
  world.leave("long", "t");
  {
    TestClient client(world.broker(), Version::v5);
    client.connect(lasting("short", 100));
    client.subscribe("t", Qos::at_least_once);
    client.disconnect();
  }
  auto publisher = connected(world.broker(), "p");
  for (const std::uint32_t expiry : {50u, 5000u}) {
    TestClient::Publish publish;
    publish.topic = "t";
    publish.payload = std::to_string(expiry);
    publish.qos = Qos::at_least_once;
    publish.properties.number(PropertyId::message_expiry_interval, expiry);
    EXPECT_EQ(publisher->publish(publish).type, PacketType::puback);
  }
  publisher->disconnect();
  world.restart(Seconds{90});
  TestClient gone(world.broker(), Version::v5);
  world->settle();
  world->advance(Seconds{20});
  EXPECT_FALSE(gone.connect(lasting("short", 100)).session_present);
  auto client = world.come("long");
  const auto publishes = client->publishes();
  ASSERT_EQ(publishes.size(), 1u);
  EXPECT_EQ(publishes[0].payload, "5000");
  EXPECT_NEAR(publishes[0].number(PropertyId::message_expiry_interval).value_or(0), 4888, 5);
}

TEST(Restart, AWillGoesOutAfterItsDelayThoughTheBrokerEnded) {
  Restarts world;
  world.leave("s", "will");
  {
    TestClient client(world.broker(), Version::v5);
    auto connect = lasting("w");
    connect.has_will = true;
    connect.will_topic = "will";
    connect.will_payload = "gone";
    connect.will_qos = Qos::at_least_once;
    connect.will_properties.number(PropertyId::will_delay_interval, 60);
    client.connect(std::move(connect));
    world->advance(Seconds{2});
  }
  world.crash();
  auto client = world.come("s");
  world->advance(Seconds{50});
  EXPECT_EQ(take_all(*client), "");
  world->advance(Seconds{15});
  EXPECT_EQ(take_all(*client), "gone");
  world.restart();
  client = world.come("s");
  world->advance(Seconds{100});
  EXPECT_EQ(take_all(*client), "");
}

TEST(Restart, ALongQueueIsReadFromTheDiskWithoutLossOrDisorder) {
  auto options = VirtualBroker::default_options();
  options.persistence.window_messages = 10;
  options.limits.in_flight_max = 7;
  Restarts world(options);
  world.leave("s", "t");
  std::string all;
  for (int i = 0; i < 300; ++i) {
    world.publish("t", std::to_string(i));
    all += (i == 0 ? "" : " ") + std::to_string(i);
    if (i == 150) world.crash();
  }
  EXPECT_EQ(world->core().sum(&broker::ShardCounters::messages_queued), 300u);
  auto client = world.come("s");
  EXPECT_EQ(take_all(*client), all);
  EXPECT_EQ(world->core().sum(&broker::ShardCounters::messages_queued), 0u);
  world.publish("t", "more");
  EXPECT_EQ(take_all(*client), "more");
  world.restart();
  client = world.come("s");
  EXPECT_EQ(take_all(*client), "");
}

TEST(Restart, AQueueInMemoryHoldsNoMoreThanItsWindow) {
  auto options = VirtualBroker::default_options();
  options.persistence.window_messages = 10;
  Restarts world(options);
  world.leave("s", "t");
  for (int i = 0; i < 100; ++i) world.publish("t", std::string(1000, 'x'));
  EXPECT_LT(world->core().memory_used(), 20'000u);
  EXPECT_EQ(world->core().sum(&broker::ShardCounters::messages_queued), 100u);
}

TEST(Restart, LimitsCountWhatIsOnDiskOnly) {
  auto options = VirtualBroker::default_options();
  options.persistence.window_messages = 4;
  options.limits.queue_messages_max = 20;
  Restarts world(options);
  world.leave("s", "t");
  for (int i = 0; i < 30; ++i) world.publish("t", std::to_string(i));
  EXPECT_EQ(world->dropped(broker::Drop::queue_full), 10u);
  world.restart();
  world->settle();
  world.publish("t", "too many");
  EXPECT_EQ(world->dropped(broker::Drop::queue_full), 1u);
}

TEST(Restart, ASharedSubscriptionsMessagesStayWithTheGroup) {
  Restarts world;
  auto first = world.come("one");
  first->subscribe("$share/g/t", Qos::at_least_once);
  for (const char* text : {"1", "2", "3", "4"}) world.publish("t", text);  // all in flight to the only member
  first->drop_received();
  world.crash();
  auto second = world.come("two");
  second->subscribe("$share/g/t", Qos::at_least_once);
  first = world.come("one");
  EXPECT_EQ(payloads(*first), "1 2 3 4");
  first->cut();
  world->settle();
  EXPECT_EQ(take_all(*second), "1 2 3 4");
  world.restart();
  first = world.come("one");
  second = world.come("two");
  EXPECT_EQ(take_all(*first) + take_all(*second), "");
}

TEST(Restart, ACleanStartLeavesNothingBehind) {
  Restarts world;
  world.leave("s", "t");
  for (int i = 0; i < 5; ++i) world.publish("t", std::to_string(i));
  TestClient client(world.broker(), Version::v5);
  client.connect("s", true);
  client.disconnect();
  world.restart();
  world->advance(Seconds{5});
  std::size_t rows = 0;
  static_cast<void>(world.engine().scan("a", "z", [&](std::string_view, std::string_view) { return ++rows > 0; }));
  EXPECT_EQ(rows, 0u);
}

TEST(Restart, ASharedBodyGoesWithItsLastDelivery) {
  Restarts world;
  world.leave("a", "t");
  world.leave("b", "t");
  world.publish("t", "both");
  world.crash();
  auto client = world.come("a");
  EXPECT_EQ(take_all(*client), "both");
  world.restart();
  client = world.come("b");
  EXPECT_EQ(take_all(*client), "both");
  world.restart();
  std::size_t rows = 0;
  for (const char* prefix : {"m", "q"}) {
    static_cast<void>(world.engine().scan(prefix, store::after_prefix(prefix), [&](std::string_view, std::string_view) { return ++rows > 0; }));
  }
  EXPECT_EQ(rows, 0u);
}

// What was in flight at QoS 1 begins anew if its identifier is not known, behind what is restored under its own.
TEST(Restart, WhatBeganAnewStaysAlthoughLaterMessagesAreInFlight) {
  Restarts world;
  world.leave("s", "t", Qos::exactly_once);
  world.publish("t", "first");
  auto client = world.come("s");
  EXPECT_EQ(client->next(PacketType::publish).payload, "first");
  world.publish("t", "second", Qos::exactly_once);
  EXPECT_EQ(client->next(PacketType::publish).payload, "second");
  world.crash();
  client = world.come("s");
  EXPECT_EQ(client->next(PacketType::publish).payload, "second");
  EXPECT_EQ(client->next(PacketType::publish).payload, "first");
  world.publish("t", "third", Qos::exactly_once);
  const auto third = client->next(PacketType::publish);
  EXPECT_EQ(third.payload, "third");
  client->ack(PacketType::pubrec, third.packet_id);
  client->ack(PacketType::pubcomp, client->next(PacketType::pubrel).packet_id);
  world.restart();
  client = world.come("s");
  EXPECT_EQ(take_all(*client), "second first");
}

// covers: 5.0 MQTT-4.3.3-10
TEST(Restart, AnIdentifierOnDiskIsNotGivenToAnotherDelivery) {
  Restarts world;
  world.leave("s", "t", Qos::exactly_once);
  for (const char* text : {"1", "2"}) world.publish("t", text);
  auto client = world.come("s");
  client->ack(PacketType::puback, client->next(PacketType::publish).packet_id);
  EXPECT_EQ(client->next(PacketType::publish).payload, "2");
  world.publish("t", "3");  // the first whose identifier is recorded
  EXPECT_EQ(client->next(PacketType::publish).payload, "3");
  world.restart();
  client = world.come("s");
  client->ack(PacketType::puback, client->next(PacketType::publish).packet_id);
  EXPECT_EQ(client->next(PacketType::publish).payload, "3");  // begins anew, behind "2"
  world.publish("t", "4", Qos::exactly_once);
  const auto fourth = client->next(PacketType::publish);
  EXPECT_EQ(fourth.payload, "4");
  world.restart();
  client = world.come("s");
  EXPECT_EQ(client->next(PacketType::publish).payload, "3");
  const auto again = client->next(PacketType::publish);
  EXPECT_EQ(again.payload, "4");
  EXPECT_EQ(again.packet_id, fourth.packet_id);
  EXPECT_TRUE(again.dup);
}

TEST(Restart, AcknowledgementsWaitForOtherShardsRecords) {
  auto options = VirtualBroker::default_options();
  options.placement = config::Placement::least_loaded;
  Restarts world(options, 2);
  place_next(world.broker(), 1);
  world.leave("there", "t", Qos::exactly_once);
  auto publisher = std::make_unique<TestClient>(world.broker(), Version::v5);
  place_next(world.broker(), 0);
  publisher->connect(lasting("p"));
  world->advance(Seconds{2});
  world->run_store(false);
  EXPECT_EQ(publisher->publish("t", "1", Qos::at_least_once).type, PacketType::reserved);
  EXPECT_EQ(publisher->publish("t", "2", Qos::exactly_once).type, PacketType::reserved);
  world->run_store(true);
  world->settle();
  EXPECT_EQ(publisher->next().type, PacketType::puback);
  EXPECT_EQ(publisher->next().type, PacketType::pubrec);
  world.crash();
  auto client = world.come("there");
  EXPECT_EQ(take_all(*client), "1 2");
}

TEST(Restart, LevelIntervalDoesNotWaitAndIsWrittenInTime) {
  auto options = VirtualBroker::default_options();
  options.persistence.sync_topics = {"quick/#=interval"};
  Restarts world(options);
  world.leave("s", "#");
  world->run_store(false);
  auto publisher = connected(world.broker(), "p");
  EXPECT_EQ(publisher->publish("quick/t", "1", Qos::at_least_once).type, PacketType::puback);
  EXPECT_EQ(publisher->publish("slow", "2", Qos::at_least_once).type, PacketType::reserved);
  world->run_store(true);
  world->advance(Milliseconds{options.persistence.sync_interval_ms} + Milliseconds{200});
  world.crash();
  auto client = world.come("s");
  EXPECT_EQ(take_all(*client), "1 2");
}

}  // namespace tombo::test
