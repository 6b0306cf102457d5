#include "unit_broker/arrange.hpp"

#include "plugin/events.hpp"
#include "plugin/host_actions.hpp"
#include "unit_broker/restarts.hpp"
#include "unit_broker/rulebook.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>

namespace tombo::test {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;
using plugin::Changes;
using plugin::DeliverVerdict;
using plugin::PublishVerdict;

namespace {
/// Notes what it hears, and says what the test wants.
class FakeEvents final : public plugin::Events {
 public:
  void connected(const plugin::ClientView& client) override {
    heard.push_back(fmt::format("+{} {} v{} {}", client.client_id, client.principal->user_name, static_cast<int>(client.version),
                                client.peer ? "peer" : "none"));
  }
  void disconnected(const plugin::ClientView& client, ReasonCode reason) override {
    heard.push_back(fmt::format("-{} {:02x} {}", client.client_id, static_cast<unsigned>(reason), client.peer ? "peer" : "none"));
  }
  void subscribed(const plugin::ClientView& client, const plugin::SubscribedView& subscription) override {
    heard.push_back(fmt::format("{} has {} {} {}", client.client_id, subscription.filter, static_cast<int>(subscription.granted),
                                subscription.subscription_id));
  }
  void unsubscribed(const plugin::ClientView& client, std::string_view filter) override {
    heard.push_back(fmt::format("{} lost {}", client.client_id, filter));
  }
  bool watches_publish() const override { return true; }
  PublishVerdict on_publish(const plugin::Publication& publication, std::function<void(PublishVerdict)> later) override {
    asked.push_back(fmt::format("{} {}={} {}{}{}", publication.client.client_id, publication.topic,
                                mqtt::text_of(publication.payload), static_cast<int>(publication.qos),
                                publication.retain ? "r" : "", publication.is_will ? "w" : ""));
    if (verdict.kind == PublishVerdict::Kind::pending) waiting.push_back(std::move(later));
    return verdict;
  }
  bool watches_deliver() const override { return true; }
  DeliverVerdict on_deliver(const plugin::DeliveryView& delivery, std::string& payload) override {
    deliveries.push_back(fmt::format("{} {}={}", delivery.to.client_id, delivery.topic, mqtt::text_of(delivery.payload)));
    if (delivery.to.client_id != special) return DeliverVerdict::pass;
    if (for_special == DeliverVerdict::replace) payload = "instead of " + std::string{mqtt::text_of(delivery.payload)};
    return for_special;
  }

  void refuse(ReasonCode reason) {
    verdict = {PublishVerdict::Kind::refuse, nullptr, reason, std::make_shared<const std::string>("plugin:fake: no")};
  }
  void change(Changes changes) {
    verdict = {PublishVerdict::Kind::change, std::make_shared<const Changes>(std::move(changes)), ReasonCode::success, nullptr};
  }
  void answer(PublishVerdict late) {
    auto later = std::move(waiting.front());
    waiting.pop_front();
    later(std::move(late));
  }

  std::vector<std::string> heard, asked, deliveries;
  PublishVerdict verdict;
  std::deque<std::function<void(PublishVerdict)>> waiting;
  std::string special;
  DeliverVerdict for_special = DeliverVerdict::pass;
};

using Texts = std::vector<std::string>;

struct PluginHooks : testing::Test {
  PluginHooks() { broker.core().events = &events; }

  FakeEvents events;
  VirtualBroker broker{setup_of(2)};
};

/// A CONNECT with a will to "w".
TestClient::Connect with_will(std::string client_id, Qos qos = Qos::at_most_once) {
  TestClient::Connect connect;
  connect.client_id = std::move(client_id);
  connect.has_will = true;
  connect.will_topic = "w";
  connect.will_payload = "gone";
  connect.will_qos = qos;
  return connect;
}

Changes all_changed(std::string topic) {
  Changes changes;
  changes.topic = std::move(topic);
  changes.payload = "new";
  changes.qos = Qos::at_least_once;
  changes.retain = true;
  changes.properties = std::vector<std::uint8_t>{0x26, 0, 1, 'k', 0, 1, 'v'};
  changes.user_properties = 1;
  return changes;
}
}  // namespace

TEST_F(PluginHooks, HearOfClientsThatComeAndGo) {
  auto client = connected(broker, "a");
  client->disconnect();
  auto lost = connected(broker, "b", Version::v3_1_1);
  lost->cut();
  broker.settle();
  auto mistaken = connected(broker, "c");
  mistaken->send_wire("F0 01 18");
  EXPECT_EQ(events.heard, (Texts{"+a  v5 peer", "-a 00 peer", "+b  v4 peer", "-b 80 peer", "+c  v5 peer", "-c 81 peer"}));
}

TEST_F(PluginHooks, HearThatTheElderHasGoneBeforeItsSuccessorCame) {
  auto elder = connected(broker, "a");
  auto younger = connected(broker, "a");
  broker.core().mailbox(younger->connection().shard()).post_call([](broker::Shard& shard) {
    shard.kick("a", ReasonCode::administrative_action);
  });
  broker.settle();
  EXPECT_EQ(events.heard, (Texts{"+a  v5 peer", "-a 8e peer", "+a  v5 peer", "-a 98 peer"}));
}

TEST_F(PluginHooks, HearNothingOfWhoWasNotLetIn) {
  Rulebook book;
  auto setup = setup_of(1);
  setup.options.mqtt.allow_empty_client_id = false;
  VirtualBroker strict{setup};
  strict.core().events = &events;
  TestClient client(strict, Version::v5);
  EXPECT_NE(client.connect("").reason, ReasonCode::success);
  EXPECT_TRUE(events.heard.empty());
}

TEST_F(PluginHooks, HearOfSubscriptionsThatAreGranted) {
  auto client = connected(broker, "a");
  events.heard.clear();
  mqtt::SubscribeOptions options;
  options.qos = Qos::at_least_once;
  client->subscribe_all({{"x/+", options}, {"bad/#/x", options}, {"$share/g/y", {}}}, 7);
  client->unsubscribe_all({"x/+", "never", "$share/g/y"});
  EXPECT_EQ(events.heard, (Texts{"a has x/+ 1 7", "a has $share/g/y 0 7", "a lost x/+", "a lost $share/g/y"}));
}

TEST_F(PluginHooks, LetAMessagePass) {
  auto reader = connected(broker, "r");
  reader->subscribe("#", Qos::exactly_once);
  auto writer = connected(broker, "w");
  EXPECT_EQ(writer->publish("t", "1", Qos::at_least_once).reason, ReasonCode::success);
  writer->publish("t", "2");
  writer->publish_exactly_once("t", "3");
  EXPECT_EQ(events.asked, (Texts{"w t=1 1", "w t=2 0", "w t=3 2"}));
  EXPECT_EQ(payloads(*reader), "1 2 3");
}

TEST_F(PluginHooks, AreNotAskedAgainForARepeatAtQos2) {
  auto writer = connected(broker, "w");
  const TestClient::Publish publish{.topic = "t", .payload = "1", .qos = Qos::exactly_once, .packet_id = 5, .properties = {}};
  writer->publish(publish);
  auto again = publish;
  again.dup = true;
  EXPECT_EQ(writer->publish(again).type, PacketType::pubrec);
  EXPECT_EQ(events.asked.size(), 1u);
}

TEST_F(PluginHooks, RefuseAMessageWithAReason) {
  events.refuse(ReasonCode::quota_exceeded);
  auto reader = connected(broker, "r");
  reader->subscribe("#");
  auto writer = connected(broker, "w");
  EXPECT_EQ(writer->publish("t", "1", Qos::at_least_once).reason, ReasonCode::quota_exceeded);
  EXPECT_EQ(writer->publish("t", "1", Qos::exactly_once).reason, ReasonCode::quota_exceeded);
  writer->publish("t", "1");
  auto old = connected(broker, "old", Version::v3_1_1);
  EXPECT_EQ(old->publish("t", "1", Qos::at_least_once).type, PacketType::puback);
  EXPECT_EQ(payloads(*reader), "");
  EXPECT_EQ(broker.dropped(broker::Drop::refused), 4u);
  EXPECT_FALSE(writer->closed());
}

TEST_F(PluginHooks, ChangeEverythingOfAMessage) {
  events.change(all_changed("other"));
  auto reader = connected(broker, "r");
  mqtt::SubscribeOptions options;
  options.qos = Qos::exactly_once;
  options.retain_as_published = true;
  reader->subscribe("other", options);
  reader->subscribe("t", options);
  auto writer = connected(broker, "w");
  EXPECT_EQ(writer->publish("t", "old", Qos::exactly_once).type, PacketType::pubrec);  // as for the QoS that it sent
  const auto got = reader->publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].topic, "other");
  EXPECT_EQ(got[0].payload, "new");
  EXPECT_EQ(got[0].qos, Qos::at_least_once);
  EXPECT_TRUE(got[0].retain);
  EXPECT_EQ(got[0].user_properties, (std::vector<std::pair<std::string, std::string>>{{"k", "v"}}));
  EXPECT_EQ(broker.core().retained.count(), 1u);
  events.verdict = {};
  auto later = connected(broker, "later");
  later->subscribe("other");
  EXPECT_EQ(payloads(*later), "new");
}

TEST_F(PluginHooks, MayNotMoveAMessageToWhereItMustNotBe) {
  auto writer = connected(broker, "w");
  for (const std::string topic : {"$SYS/x", "a/+", "", "#"}) {
    events.change(all_changed(topic));
    EXPECT_EQ(writer->publish("t", "1", Qos::at_least_once).reason, ReasonCode::implementation_specific_error) << topic;
  }
  EXPECT_EQ(broker.core().retained.count(), 0u);
}

TEST_F(PluginHooks, AreNotAskedForWhatMayNotBePublished) {
  Rulebook book;
  book.forbidden.insert({auth::Action::publish, "secret"});
  auto setup = setup_of(1);
  setup.authenticator = &book;
  VirtualBroker strict{setup};
  strict.core().events = &events;
  auto writer = connected(strict, "w");
  EXPECT_EQ(writer->publish("secret", "1", Qos::at_least_once).reason, ReasonCode::not_authorized);
  EXPECT_EQ(writer->publish("$SYS/x", "1", Qos::at_least_once).reason, ReasonCode::not_authorized);
  EXPECT_TRUE(events.asked.empty());
  EXPECT_EQ(writer->publish("open", "1", Qos::at_least_once).reason, ReasonCode::no_matching_subscribers);
  EXPECT_EQ(events.asked.size(), 1u);
}

TEST_F(PluginHooks, ALateAnswerDoesNotAskForTheRightOnceMore) {
  Rulebook book;
  auto setup = setup_of(1);
  setup.authenticator = &book;
  VirtualBroker strict{setup};
  strict.core().events = &events;
  auto writer = connected(strict, "w");
  events.verdict.kind = PublishVerdict::Kind::pending;
  EXPECT_EQ(writer->publish("t", "1", Qos::at_least_once).type, PacketType::reserved);
  book.forbidden.insert({auth::Action::publish, "t"});  // too late: the message was allowed
  events.answer({});
  strict.settle();
  EXPECT_EQ(writer->next().reason, ReasonCode::no_matching_subscribers);
  EXPECT_EQ(events.asked.size(), 1u);
}

TEST_F(PluginHooks, AnswerLaterAndWhatFollowsWaits) {
  auto reader = connected_on(broker, 0, "r");
  reader->subscribe("#");
  auto writer = connected_on(broker, 1, "w");
  events.verdict.kind = PublishVerdict::Kind::pending;
  EXPECT_EQ(writer->publish("t", "1", Qos::at_least_once).type, PacketType::reserved);
  writer->publish("t", "2");
  EXPECT_EQ(events.asked.size(), 1u);
  EXPECT_EQ(payloads(*reader), "");
  Changes changes;
  changes.payload = "one";
  events.verdict = {};
  events.answer({PublishVerdict::Kind::change, std::make_shared<const Changes>(changes), ReasonCode::success, nullptr});
  broker.settle();
  EXPECT_EQ(writer->next().type, PacketType::puback);
  EXPECT_EQ(payloads(*reader), "one 2");
  EXPECT_EQ(events.asked.size(), 2u);
}

TEST_F(PluginHooks, AnAnswerForSomebodyWhoHasGoneIsNobodys) {
  auto reader = connected(broker, "r");
  reader->subscribe("#");
  auto writer = connected(broker, "w");
  events.verdict.kind = PublishVerdict::Kind::pending;
  writer->publish("t", "1");
  writer->cut();
  broker.settle();
  events.answer({});
  broker.settle();
  EXPECT_EQ(payloads(*reader), "");
}

TEST_F(PluginHooks, AreAskedForWills) {
  auto reader = connected(broker, "r");
  reader->subscribe("#", Qos::at_least_once);
  TestClient passed(broker, Version::v5), refused(broker, Version::v5), changed(broker, Version::v5), late(broker, Version::v5);
  for (auto* client : {&passed, &refused, &changed, &late}) {
    client->connect(with_will(client == &passed ? "p" : client == &refused ? "x" : client == &changed ? "c" : "l"));
  }
  passed.cut();
  broker.settle();
  EXPECT_EQ(payloads(*reader), "gone");
  events.refuse(ReasonCode::not_authorized);
  refused.cut();
  broker.settle();
  EXPECT_EQ(payloads(*reader), "");
  events.change(all_changed("other"));
  changed.cut();
  broker.settle();
  const auto got = reader->publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].topic, "other");
  EXPECT_EQ(got[0].payload, "new");
  EXPECT_EQ(got[0].qos, Qos::at_least_once);
  EXPECT_EQ(got[0].user_properties.size(), 1u);
  events.verdict = {PublishVerdict::Kind::pending, nullptr, ReasonCode::success, nullptr};
  late.cut();
  broker.settle();
  EXPECT_EQ(payloads(*reader), "");
  events.answer({});
  broker.settle();
  EXPECT_EQ(payloads(*reader), "gone");
  EXPECT_EQ(events.asked, (Texts{"p w=gone 0w", "x w=gone 0w", "c w=gone 0w", "l w=gone 0w"}));
}

TEST_F(PluginHooks, KeepADeliveryFromOneSubscriberOrGiveItAnother) {
  auto one = connected_on(broker, 0, "one");
  auto two = connected_on(broker, 1, "two");
  one->subscribe("#", Qos::at_least_once);
  two->subscribe("#", Qos::at_least_once);
  auto writer = connected(broker, "w");
  events.special = "two";
  events.for_special = DeliverVerdict::drop;
  writer->publish("t", "1", Qos::at_least_once);
  events.for_special = DeliverVerdict::replace;
  TestClient::Publish publish{.topic = "t", .payload = "2", .qos = Qos::at_least_once, .properties = {}};
  publish.properties.text(PropertyId::content_type, "text/plain");
  writer->publish(publish);
  EXPECT_EQ(payloads(*one), "1 2");
  const auto got = two->publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].payload, "instead of 2");
  EXPECT_EQ(got[0].topic, "t");
  EXPECT_EQ(got[0].qos, Qos::at_least_once);
  EXPECT_EQ(got[0].text(PropertyId::content_type), "text/plain");
  EXPECT_EQ(broker.dropped(broker::Drop::refused), 1u);
}

TEST_F(PluginHooks, WhatIsQueuedOrSentAgainIsWhatTheyMadeOfIt) {
  events.special = "r";
  events.for_special = DeliverVerdict::replace;
  leave_session(broker, "r", "#");
  auto writer = connected(broker, "w");
  writer->publish("t", "1", Qos::at_least_once);
  for (int i = 0; i < 2; ++i) {  // it is sent again, since nobody acknowledges it
    TestClient reader(broker, Version::v5);
    reader.connect(lasting("r"));
    EXPECT_EQ(payloads(reader), "instead of 1");
    reader.cut();
    broker.settle();
  }
  EXPECT_EQ(events.deliveries, Texts{"r t=1"});
}

TEST_F(PluginHooks, WhatTheyReplacedComesBackAfterARestart) {
  Restarts world;
  world->core().events = &events;
  events.special = "s";
  events.for_special = DeliverVerdict::replace;
  world.leave("s", "t");
  world.publish("t", "queued");
  auto reader = world.come("s");  // it is sent and not acknowledged
  EXPECT_EQ(payloads(*reader), "instead of queued");
  world.publish("t", "straight");
  EXPECT_EQ(payloads(*reader), "instead of straight");
  world.restart();
  reader = world.come("s");
  EXPECT_EQ(payloads(*reader), "instead of queued instead of straight");
}

TEST_F(PluginHooks, WhatTheyDroppedDoesNotComeBackAfterARestart) {
  Restarts world;
  world->core().events = &events;
  events.special = "s";
  world.leave("s", "t");
  events.for_special = DeliverVerdict::drop;
  world.publish("t", "dropped");
  events.for_special = DeliverVerdict::pass;
  world.publish("t", "passed");
  world.restart();
  auto reader = world.come("s");
  EXPECT_EQ(payloads(*reader), "passed");
}

TEST_F(PluginHooks, WhatTheyChangedIsWhatIsRecorded) {
  Restarts world;
  world->core().events = &events;
  world.leave("s", "other", Qos::exactly_once);
  events.change(all_changed("other"));
  world.publish("t", "old", Qos::exactly_once);
  world.restart();
  auto reader = world.come("s");
  EXPECT_EQ(payloads(*reader), "new");
  EXPECT_EQ(world->core().retained.count(), 1u);
}

TEST_F(PluginHooks, AreAskedForRetainedMessages) {
  auto writer = connected(broker, "w");
  writer->publish("t", "kept", Qos::at_most_once, true);
  events.special = "r";
  events.for_special = DeliverVerdict::replace;
  auto reader = connected(broker, "r");
  reader->subscribe("t");
  EXPECT_EQ(payloads(*reader), "instead of kept");
}

TEST_F(PluginHooks, PublishAsTheBroker) {
  auto reader = connected_on(broker, 1, "r");
  reader->subscribe("#", Qos::at_least_once);
  plugin::OwnMessage own;
  own.topic = "own";
  own.payload = "mine";
  own.qos = Qos::at_least_once;
  own.retain = true;
  own.properties = std::string{"\x26\0\1k\0\1v", 7};
  broker.core().mailbox(0).post_call([own](broker::Shard& shard) { shard.publish_own(own); });
  broker.settle();
  const auto got = reader->publishes();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].payload, "mine");
  EXPECT_EQ(got[0].qos, Qos::at_least_once);
  EXPECT_EQ(got[0].user_properties.size(), 1u);
  EXPECT_EQ(broker.core().retained.count(), 1u);
  EXPECT_TRUE(events.asked.empty());
}

}  // namespace tombo::test
