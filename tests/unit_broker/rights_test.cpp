#include "unit_broker/arrange.hpp"
#include "unit_broker/rulebook.hpp"

#include <gtest/gtest.h>

namespace tombo::test {

using auth::Action;
using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {
struct Rights : testing::Test {
  static VirtualBroker::Setup setup(Rulebook& book, unsigned shards = 1) {
    auto made = setup_of(shards);
    made.authenticator = &book;
    return made;
  }
  static TestClient::Connect as(std::string client_id, std::string user, bool clean_start = false) {
    auto connect = lasting(std::move(client_id), kForever, clean_start);
    connect.user_name = std::move(user);
    return connect;
  }
  void change_rights() {
    broker.core().mailbox(0).post_call([](broker::Shard& shard) { shard.rights_changed(); });
    broker.settle();
  }

  Rulebook book;
  VirtualBroker broker{setup(book)};
};
}  // namespace

TEST_F(Rights, ASessionBelongsToTheUserWhoMadeIt) {
  TestClient anna(broker, Version::v5);
  EXPECT_EQ(anna.connect(as("c", "anna")).reason, ReasonCode::success);
  TestClient bert(broker, Version::v5);
  EXPECT_EQ(bert.connect(as("c", "bert")).reason, ReasonCode::not_authorized);
  EXPECT_FALSE(anna.closed());
  anna.disconnect();
  TestClient again(broker, Version::v5);
  EXPECT_EQ(again.connect(as("c", "bert", true)).reason, ReasonCode::not_authorized);
  TestClient back(broker, Version::v5);
  EXPECT_TRUE(back.connect(as("c", "anna")).session_present);
}

TEST_F(Rights, AWillThatMayNotBePublishedIsRefusedAtConnect) {
  book.forbidden.insert({Action::publish, "w"});
  auto connect = as("c", "anna");
  connect.has_will = true;
  connect.will_topic = "w";
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::not_authorized);
  EXPECT_TRUE(client.closed());
}

TEST_F(Rights, AWillThatMayNotBePublishedAnyMoreIsDropped) {
  auto reader = connected(broker, "r");
  reader->subscribe("w");
  auto connect = as("c", "anna");
  connect.has_will = true;
  connect.will_topic = "w";
  connect.will_payload = "gone";
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::success);
  book.forbidden.insert({Action::publish, "w"});
  client.cut();
  broker.settle();
  EXPECT_EQ(payloads(*reader), "");
}

TEST_F(Rights, AWillToTheBrokersOwnTopicsIsRefused) {
  auto connect = as("c", "anna");
  connect.has_will = true;
  connect.will_topic = "$SYS/x";
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::not_authorized);
}

TEST(OrdersToTheBroker, AreNotGivenByAWillWhereNoRuleOpensThem) {
  VirtualBroker broker(setup_of(1));
  TestClient::Connect connect;
  connect.client_id = "c";
  connect.has_will = true;
  connect.will_topic = "$CONTROL/x";
  TestClient client(broker, Version::v5);
  EXPECT_EQ(client.connect(connect).reason, ReasonCode::not_authorized);
  EXPECT_TRUE(client.closed());
}

TEST_F(Rights, EachDeliveryIsJudged) {
  TestClient reader(broker, Version::v5);
  reader.connect(as("r", "anna"));
  reader.subscribe("#");
  book.forbidden.insert({Action::receive, "secret"});
  auto writer = connected(broker, "w");
  writer->publish("secret", "no");
  writer->publish("open", "yes");
  EXPECT_EQ(payloads(reader), "yes");
}

TEST_F(Rights, RetainedAndQueuedMessagesAreJudgedWhenTheyAreSent) {
  {
    TestClient reader(broker, Version::v5);
    reader.connect(as("r", "anna"));
    reader.subscribe("a", Qos::at_least_once);
    reader.subscribe("b", Qos::at_least_once);
    reader.disconnect();
  }
  auto writer = connected(broker, "w");
  writer->publish({.topic = "a", .payload = "a", .qos = Qos::at_least_once, .properties = {}});
  writer->publish({.topic = "b", .payload = "b", .qos = Qos::at_least_once, .properties = {}});
  writer->publish({.topic = "kept", .payload = "kept", .retain = true, .properties = {}});
  book.forbidden.insert({Action::receive, "a"});
  book.forbidden.insert({Action::receive, "kept"});
  TestClient reader(broker, Version::v5);
  reader.connect(as("r", "anna"));
  EXPECT_EQ(payloads(reader), "b");
  reader.subscribe("+");
  EXPECT_EQ(payloads(reader), "");
}

// CVE-2018-12546
TEST_F(Rights, ARetainedMessageGoesToNobodyOnceItsWriterMayNotPublishThere) {
  const auto seen = [&] {
    auto reader = connected(broker, "r");
    reader->subscribe("#");
    return payloads(*reader);
  };
  auto writer = connected(broker, "w");
  writer->publish({.topic = "kept", .payload = "kept", .retain = true, .properties = {}});
  {
    TestClient dying(broker, Version::v5);
    auto connect = as("d", "anna");
    connect.has_will = connect.will_retain = true;
    connect.will_topic = "will";
    connect.will_payload = "gone";
    dying.connect(connect);
    dying.cut();
  }
  EXPECT_EQ(seen(), "gone kept");
  book.forbidden.insert({Action::publish, "kept"});
  EXPECT_EQ(seen(), "gone");
  book.forbidden.insert({Action::publish, "will"});
  EXPECT_EQ(seen(), "");
  auto options = VirtualBroker::default_options();
  options.acl.check_retain_source = false;
  broker.reload(options);
  EXPECT_EQ(seen(), "gone kept") << "as the operator wants it";
  options.acl.check_retain_source = true;
  broker.reload(options);
  book.forbidden.clear();
  EXPECT_EQ(seen(), "gone kept") << "nothing was thrown away";
}

// CVE-2021-34434
TEST_F(Rights, WhatWasInFlightIsJudgedWhenTheSessionIsResumed) {
  for (const Qos qos : {Qos::at_least_once, Qos::exactly_once}) {
    book.forbidden.clear();
    {
      TestClient reader(broker, Version::v5);
      reader.connect(as("r", "anna"));
      reader.subscribe("a", qos);
      reader.subscribe("b", qos);
      auto writer = connected(broker, "w");
      writer->publish({.topic = "a", .payload = "a", .qos = Qos::exactly_once, .properties = {}});
      writer->publish({.topic = "b", .payload = "b", .qos = Qos::exactly_once, .properties = {}});
      EXPECT_EQ(payloads(reader), "a b");
      reader.cut();
    }
    book.forbidden.insert({Action::receive, "a"});
    TestClient reader(broker, Version::v5);
    EXPECT_TRUE(reader.connect(as("r", "anna")).session_present);
    const auto again = reader.publishes();
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].payload, "b");
    EXPECT_TRUE(again[0].dup);
    reader.disconnect();
    broker.advance(Seconds{1});
    TestClient clean(broker, Version::v5);
    clean.connect(as("r", "anna", true));
  }
}

TEST_F(Rights, SubscriptionsAreTakenAwayWhenTheRightsChange) {
  TestClient reader(broker, Version::v5);
  reader.connect(as("r", "anna"));
  reader.subscribe("a");
  reader.subscribe("b");
  reader.subscribe("$share/g/a");
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::subscriptions), 3u);
  book.forbidden.insert({Action::subscribe, "a"});
  change_rights();
  EXPECT_EQ(broker.core().sum(&broker::ShardCounters::subscriptions), 1u);
  EXPECT_FALSE(reader.closed());
  auto writer = connected(broker, "w");
  writer->publish("a", "no");
  writer->publish("b", "yes");
  EXPECT_EQ(payloads(reader), "yes");
}

TEST_F(Rights, SubscriptionsStayWhileWhoIsAskedBesidesTheRulesIsDown) {
  {
    TestClient reader(broker, Version::v5);
    reader.connect(as("r", "anna"));
    reader.subscribe("a", Qos::at_least_once);
    reader.disconnect();
  }
  book.server_is_down = true;
  TestClient reader(broker, Version::v5);
  EXPECT_TRUE(reader.connect(as("r", "anna")).session_present);
  change_rights();
  book.server_is_down = false;
  auto writer = connected(broker, "w");
  writer->publish("a", "still here");
  EXPECT_EQ(payloads(reader), "still here");
}

TEST_F(Rights, ALoginThatIsOverEndsTheConnection) {
  book.ends_at_s = broker.clock.unix_seconds() + 60;
  TestClient client(broker, Version::v5);
  client.connect(as("c", "anna"));
  TestClient old(broker, Version::v3_1_1);
  TestClient::Connect plain;
  plain.client_id = "old";
  plain.user_name = "anna";
  old.connect(plain);
  broker.advance(Seconds{59});
  EXPECT_FALSE(client.closed());
  broker.advance(Seconds{2});
  EXPECT_EQ(client.next(PacketType::disconnect).reason, ReasonCode::maximum_connect_time);
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(old.closed());
}

}  // namespace tombo::test
