#include "unit_broker/arrange.hpp"
#include "unit_broker/restarts.hpp"
#include "unit_broker/rulebook.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using auth::Action;
using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
config::Options mounted_options(std::string mount) {
  auto options = VirtualBroker::default_options();
  options.listeners[0].mount_point = std::move(mount);
  return options;
}

/// A broker whose listener gets and loses its mount point, for the connections that come afterwards.
struct Mount : testing::Test {
  void mount(const std::string& point) {
    auto options = broker.options();
    options.listeners[0].mount_point = point;
    broker.reload(options);
  }
  std::unique_ptr<TestClient> inside(std::string id, Version version = Version::v5) {
    mount("m/");
    auto client = connected(broker, std::move(id), version);
    mount("");
    return client;
  }
  std::unique_ptr<TestClient> outside(std::string id, Version version = Version::v5) { return connected(broker, std::move(id), version); }
  static std::string only_topic(TestClient& client) {
    const auto publishes = client.publishes();
    return publishes.size() == 1 ? publishes[0].topic : std::to_string(publishes.size()) + " messages";
  }

  VirtualBroker broker;
};
}  // namespace

TEST_F(Mount, StandsBeforeWhatIsPublishedAndIsTakenOffWhatIsDelivered) {
  for (const Version version : {Version::v3_1_1, Version::v5}) {
    for (const Qos qos : {Qos::at_most_once, Qos::at_least_once}) {
      auto all = outside("all", version);
      all->subscribe("#", qos);
      auto reader = inside("reader", version);
      reader->subscribe("t/+", qos);
      auto writer = inside("writer", version);
      writer->publish("t/1", "x", qos);
      EXPECT_EQ(only_topic(*all), "m/t/1");
      EXPECT_EQ(only_topic(*reader), "t/1");
      all->publish("t/1", "y", qos);
      EXPECT_TRUE(reader->publishes().empty()) << "it sees what is outside";
      all->publish("m/t/1", "z", qos);
      EXPECT_EQ(only_topic(*reader), "t/1");
    }
  }
}

TEST_F(Mount, LargePayloadsAndTopicAliasesLoseItToo) {
  mount("m/");
  auto reader = std::make_unique<TestClient>(broker, Version::v5);
  TestClient::Connect connect;
  connect.client_id = "reader";
  connect.properties.number(PropertyId::topic_alias_maximum, 5);
  reader->connect(connect);
  mount("");
  reader->subscribe("#", Qos::at_least_once);
  auto writer = outside("writer");
  const std::string topic = "long/enough/for/an/alias";
  const std::string large(100'000, 'x');
  writer->publish("m/" + topic, large);
  auto publishes = reader->publishes();
  ASSERT_EQ(publishes.size(), 1U);
  EXPECT_EQ(publishes[0].topic, topic);
  EXPECT_EQ(publishes[0].payload, large);
  writer->publish("m/" + topic, "y");  // which gives it an alias
  EXPECT_EQ(only_topic(*reader), topic);
  writer->publish("m/" + topic, "y");
  publishes = reader->publishes();
  ASSERT_EQ(publishes.size(), 1U);
  EXPECT_EQ(publishes[0].topic, "");
  EXPECT_EQ(publishes[0].payload, "y");

  auto by_alias = inside("alias");
  TestClient::Publish publish;
  publish.topic = "t";
  publish.properties.number(PropertyId::topic_alias, 1);
  by_alias->publish(publish);
  publish.topic = "";
  by_alias->publish(publish);
  EXPECT_EQ(reader->publishes().size(), 2U);
}

TEST_F(Mount, StandsBeforeTheFilterPartOfASharedSubscription) {
  auto reader = inside("reader");
  EXPECT_EQ(reader->subscribe("$share/g/t/#", Qos::at_least_once).codes, std::vector{ReasonCode::granted_qos_1});
  auto writer = outside("writer");
  writer->publish("m/t/1", "x", Qos::at_least_once);
  EXPECT_EQ(only_topic(*reader), "t/1");
  EXPECT_EQ(reader->unsubscribe("$share/g/t/#").codes, std::vector{ReasonCode::success});
  writer->publish("m/t/1", "x", Qos::at_least_once);
  EXPECT_TRUE(reader->publishes().empty());
}

TEST_F(Mount, UnsubscribesWhatItSubscribed) {
  auto reader = inside("reader");
  reader->subscribe("t");
  EXPECT_EQ(reader->unsubscribe("m/t").codes, std::vector{ReasonCode::no_subscription_existed});
  EXPECT_EQ(reader->unsubscribe("t").codes, std::vector{ReasonCode::success});
}

TEST_F(Mount, HashDoesNotBringTheTopicAboveIt) {
  auto reader = inside("reader");
  reader->subscribe("#", Qos::at_least_once);
  auto writer = outside("writer");
  writer->publish("m", "x", Qos::at_least_once);   // "m/#" matches "m", which has no name inside
  writer->publish("m/", "x", Qos::at_least_once);  // nor has this one
  writer->publish("m//", "x", Qos::at_least_once);
  EXPECT_EQ(only_topic(*reader), "/");
  EXPECT_EQ(broker.dropped(broker::Drop::refused), 2U);
}

TEST_F(Mount, RetainedMessagesAreFoundInside) {
  auto writer = outside("writer");
  writer->publish("m/t", "x", Qos::at_least_once, true);
  writer->publish("t", "y", Qos::at_least_once, true);
  auto reader = inside("reader");
  reader->subscribe("#");
  const auto publishes = reader->publishes();
  ASSERT_EQ(publishes.size(), 1U);
  EXPECT_EQ(publishes[0].topic, "t");
  EXPECT_EQ(publishes[0].payload, "x");
  reader->publish("t", "", Qos::at_least_once, true);
  EXPECT_FALSE(broker.core().retained.find("m/t"));
  EXPECT_TRUE(broker.core().retained.find("t"));
}

TEST_F(Mount, StandsBeforeTheWill) {
  auto all = outside("all");
  all->subscribe("#");
  mount("m/");
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.has_will = true;
  connect.will_topic = "gone";
  TestClient client(broker, Version::v5);
  client.connect(connect);
  client.cut();
  broker.settle();
  EXPECT_EQ(only_topic(*all), "m/gone");
}

TEST_F(Mount, TopicsThatBecomeTooLongAreRefused) {
  const std::string most(65'533, 'x');
  const std::string more(65'534, 'x');
  for (const Version version : {Version::v3_1_1, Version::v5}) {
    const bool v5 = version == Version::v5;
    auto client = inside("c", version);
    EXPECT_EQ(client->publish(more, "x", Qos::at_least_once).reason, v5 ? ReasonCode::topic_name_invalid : ReasonCode::success);
    EXPECT_EQ(client->publish(more, "x", Qos::exactly_once).reason, v5 ? ReasonCode::topic_name_invalid : ReasonCode::success);
    EXPECT_EQ(client->publish(most, "x", Qos::at_least_once).reason, v5 ? ReasonCode::no_matching_subscribers : ReasonCode::success);
    EXPECT_TRUE(mqtt::is_error(client->subscribe(more).codes.at(0)));
    EXPECT_FALSE(mqtt::is_error(client->subscribe(most).codes.at(0)));
    EXPECT_FALSE(client->closed());
  }
  EXPECT_EQ(broker.dropped(broker::Drop::refused), 4U);
  mount("m/");
  TestClient::Connect connect;
  connect.client_id = "w";
  connect.has_will = true;
  connect.will_topic = more;
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::topic_name_invalid);
}

TEST_F(Mount, CountsAmongTheLevels) {
  auto options = broker.options();
  options.limits.topic_levels_max = 3;
  broker.reload(options);
  auto client = inside("c");
  EXPECT_EQ(client->publish("a/b", "x", Qos::at_least_once).reason, ReasonCode::no_matching_subscribers);
  EXPECT_EQ(client->publish("a/b/c", "x", Qos::at_least_once).reason, ReasonCode::topic_name_invalid);
  EXPECT_EQ(client->subscribe("a/b/c").codes.at(0), ReasonCode::topic_filter_invalid);
}

TEST_F(Mount, WithoutASlashWildcardsAtTheBeginningAreRefused) {
  mount("m");
  auto client = connected(broker, "c");
  EXPECT_EQ(client->subscribe("#").codes.at(0), ReasonCode::topic_filter_invalid);
  EXPECT_EQ(client->subscribe("$share/g/+").codes.at(0), ReasonCode::topic_filter_invalid);
  EXPECT_EQ(client->subscribe("$share/g").codes.at(0), ReasonCode::topic_filter_invalid);
  EXPECT_EQ(client->subscribe("x/#").codes.at(0), ReasonCode::success);
}

TEST_F(Mount, KeepsItsClientsAwayFromWhatTheBrokerSaysOfItself) {
  auto client = inside("c");
  EXPECT_EQ(client->publish("$SYS/broker/x", "x", Qos::at_least_once).reason, ReasonCode::no_matching_subscribers);
  mount("$SYS/");
  auto there = connected(broker, "d");
  EXPECT_EQ(there->publish("x", "x", Qos::at_least_once).reason, ReasonCode::not_authorized);
}

TEST_F(Mount, RulesSeeTheWholeTopic) {
  Rulebook book;
  VirtualBroker::Setup setup;
  setup.options = mounted_options("m/");
  setup.authenticator = &book;
  VirtualBroker judged(setup);
  book.forbidden = {{Action::publish, "m/p"}, {Action::subscribe, "m/s"}, {Action::receive, "m/r"}};
  auto client = connected(judged, "c");
  EXPECT_EQ(client->publish("p", "x", Qos::at_least_once).reason, ReasonCode::not_authorized);
  EXPECT_EQ(client->subscribe("s").codes.at(0), ReasonCode::not_authorized);
  client->subscribe("+", Qos::at_least_once);
  client->publish("r", "x", Qos::at_least_once);
  client->publish("t", "y", Qos::at_least_once);
  EXPECT_EQ(payloads(*client), "y");
  TestClient::Connect connect;
  connect.client_id = "w";
  connect.has_will = true;
  connect.will_topic = "p";
  TestClient willing(judged, Version::v5);
  EXPECT_EQ(willing.connect(connect).reason, ReasonCode::not_authorized);
}

TEST_F(Mount, ASessionKeepsItsSubscriptionsWithIt) {
  mount("m/");
  leave_session(broker, "c", "t");
  mount("");
  auto writer = outside("writer");
  writer->publish("m/t", "x", Qos::at_least_once);
  mount("m/");
  TestClient client(broker, Version::v5);
  EXPECT_TRUE(client.connect(lasting("c")).session_present);
  EXPECT_EQ(only_topic(client), "t");
}

TEST_F(Mount, ASessionKeepsItOverARestart) {
  Restarts restarts(mounted_options("m/"));
  restarts.leave("c", "t");
  restarts.leave("d", "$share/g/s");
  restarts.publish("t", "before");
  restarts.restart();
  restarts.publish("t", "after");
  restarts.publish("s", "shared");
  auto client = restarts.come("c");
  EXPECT_EQ(take_all(*client), "before after");
  auto sharer = restarts.come("d");
  EXPECT_EQ(take_all(*sharer), "shared");
}

TEST_F(Mount, ASessionThatComesBackElsewhereLosesWhatHasNoTopicThere) {
  TestClient client(broker, Version::v5);
  client.connect(lasting("c"));
  client.subscribe("t", Qos::at_least_once);
  client.subscribe("m/in", Qos::at_least_once);
  client.subscribe("$share/g/s", Qos::at_least_once);
  client.disconnect();
  auto writer = outside("writer");
  writer->publish("t", "queued outside", Qos::at_least_once);
  writer->publish("m/in", "queued inside", Qos::at_least_once);
  mount("m/");
  TestClient back(broker, Version::v5);
  EXPECT_TRUE(back.connect(lasting("c")).session_present);
  writer->publish("t", "outside", Qos::at_least_once);
  writer->publish("s", "outside", Qos::at_least_once);
  writer->publish("m/in", "inside", Qos::at_least_once);
  EXPECT_EQ(payloads(back), "queued inside inside");
  EXPECT_EQ(back.unsubscribe("in").codes, std::vector{ReasonCode::success});
}

TEST_F(Mount, WhatWasInFlightOutsideIsGivenUp) {
  TestClient client(broker, Version::v5);
  client.connect(lasting("c"));
  client.subscribe("t", Qos::exactly_once);
  auto writer = outside("writer");
  writer->publish_exactly_once("t", "x");
  EXPECT_EQ(client.publishes().size(), 1U);
  client.cut();
  broker.settle();
  mount("m/");
  TestClient back(broker, Version::v5);
  EXPECT_TRUE(back.connect(lasting("c")).session_present);
  EXPECT_TRUE(back.publishes().empty());
}

}  // namespace tombo::test
