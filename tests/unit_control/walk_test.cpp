#include "control/walk.hpp"

#include "control/limits.hpp"
#include "unit_control/talk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

// Listings while sessions come and go: bounded steps, nothing twice, nothing missed that was there all the time.

namespace tombo::test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace {

constexpr unsigned kShards = 3;
constexpr int kSessions = 3000;

std::string name_of(int number) { return "client-" + std::to_string(number); }

/// Thousands of sessions over three shards, every third with a queued message.
struct Crowd {
  Crowd() : broker(setup_of(kShards)) {
    for (int i = 0; i < kSessions; ++i) {
      place_next(broker, static_cast<routing::ShardId>(i % kShards));
      leave_session(broker, name_of(i), i % 3 == 0 ? "queued" : "t");
    }
    auto publisher = connected_on(broker, 0, "publisher");
    for (int i = 0; i < 3; ++i) publisher->publish("queued", "x", mqtt::Qos::at_least_once);
  }
  VirtualBroker broker;
};

template <class Row>
void expect_no_repeats(const std::vector<Row>& rows) {
  std::set<Row> seen;
  for (const auto& row : rows) EXPECT_TRUE(seen.insert(row).second) << row;
}

}  // namespace

TEST(SessionWalk, ListsEverySessionOfEveryShardOnce) {
  Crowd crowd;
  Talk talk(crowd.broker);
  const auto rows = talk.rows("sessions.list", {{"away", true}});
  EXPECT_EQ(rows.size(), std::size_t{kSessions});
  expect_no_repeats(column(rows, "id"));
}

TEST(SessionWalk, VisitsABoundedNumberPerStep) {
  Crowd crowd;
  for (routing::ShardId shard = 0; shard < kShards; ++shard) {
    broker::SessionQuery query;
    query.begun = 0xFFFF;
    std::size_t listed = 0;
    int steps = 0;
    broker::SessionsSeen found;
    do {
      const std::uint32_t from = found.next_slot;
      found = crowd.broker.shard(shard).list_sessions(query, from, control::kSlotsPerStep);
      EXPECT_LE(found.rows.size(), control::kSlotsPerStep);
      EXPECT_LE(found.next_slot - from, control::kSlotsPerStep);
      listed += found.rows.size();
      ++steps;
    } while (!found.end);
    EXPECT_EQ(listed, crowd.broker.shard(shard).sessions().size());
    EXPECT_GT(steps, 3);
  }
  // A filter that nothing passes looks at no more, and says so in pages that are left out.
  Talk talk(crowd.broker);
  EXPECT_EQ(talk.pages("sessions.list", {{"prefix", "nobody"}}).size(), 1u);
}

TEST(SessionWalk, GoesOnWhereALimitCutItAndTakesFilters) {
  Crowd crowd;
  Talk talk(crowd.broker);
  std::vector<std::string> names;
  Json after;
  int calls = 0;
  do {
    Json arguments{{"limit", 700}, {"prefix", "client-"}};
    if (!after.is_null()) arguments["after"] = after;
    Json last;
    for (const auto& page : talk.pages("sessions.list", arguments)) {
      for (const auto& row : page["rows"]) names.push_back(row["id"]);
      last = page;
    }
    after = last["next"];
    ++calls;
  } while (!after.is_null());
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(names.size(), std::size_t{kSessions});
  expect_no_repeats(names);
  EXPECT_EQ(talk.rows("sessions.list", {{"prefix", "client-29"}}).size(), 111u);
}

TEST(SessionWalk, ListsNobodyTwiceWhoComesBackElsewhereMeanwhile) {
  Crowd crowd;
  Talk talk(crowd.broker);
  int step = 0;
  const auto churn = [&] {
    // Sessions of the shard that was walked first end and begin anew on the one that comes last, and the other way
    // round; others end for good.
    for (int i = 0; i < 20; ++i) {
      const int number = (step * 20 + i) % kSessions;
      TestClient client(crowd.broker, mqtt::Version::v5);
      client.connect(name_of(number));  // clean start, ends with its connection
      client.cut();
      if (i % 4 == 0) continue;
      place_next(crowd.broker, static_cast<routing::ShardId>((number + 2) % kShards));
      leave_session(crowd.broker, name_of(number), "elsewhere");
    }
    ++step;
  };
  const auto rows = talk.rows("sessions.list", Json::object(), churn);
  EXPECT_GT(step, 9);
  expect_no_repeats(column(rows, "id"));
  std::set<std::string> listed;
  for (const auto& row : rows) listed.insert(row["id"].get<std::string>());
  for (int i = step * 20; i < kSessions; ++i) EXPECT_TRUE(listed.contains(name_of(i))) << i;  // there all the time
}

TEST(ClientWalk, ShowsWhatEachConnectionIs) {
  VirtualBroker broker;
  TestClient named(broker, mqtt::Version::v3_1_1);
  TestClient::Connect connect;
  connect.client_id = "named";
  connect.keep_alive_s = 60;
  connect.user_name = "user";
  named.connect(std::move(connect));
  auto other = connected(broker, "other");
  other->subscribe("t", mqtt::Qos::at_least_once);
  leave_session(broker, "away", "t");
  named.publish("t", "x", mqtt::Qos::at_least_once);
  broker.clock.advance(Seconds{5});
  broker.settle();
  Talk talk(broker);
  EXPECT_THAT(column(talk.rows("clients.list"), "id"), UnorderedElementsAre("named", "other"));
  EXPECT_THAT(column(talk.rows("clients.list", {{"user", "user"}}), "id"), ElementsAre("named"));
  EXPECT_THAT(column(talk.rows("clients.list", {{"listener", "1883"}}), "id"), UnorderedElementsAre("named", "other"));
  EXPECT_THAT(column(talk.rows("clients.list", {{"prefix", "o"}}), "id"), ElementsAre("other"));
  const Json seen = talk.result("clients.show", {{"id", "named"}});
  EXPECT_EQ(seen["version"], "3.1.1");
  EXPECT_EQ(seen["keep_alive_s"], 60);
  EXPECT_EQ(seen["connected_for_s"], 5);
  EXPECT_EQ(seen["address"], "virtual");
  EXPECT_EQ(seen["listener"], "127.0.0.1:1883");
  EXPECT_EQ(seen["publish_received"], 1);
  const Json receiver = talk.result("clients.show", {{"id", "other"}});
  EXPECT_EQ(receiver["in_flight"], 1);
  EXPECT_EQ(receiver["publish_sent"], 1);
  EXPECT_EQ(receiver["subscriptions"], 1);
  EXPECT_EQ(talk.error("clients.show", {{"id", "away"}}), "not_found");
  EXPECT_EQ(talk.error("clients.show", {{"id", "nobody"}}), "not_found");
}

TEST(SessionWalk, ShowsWhatWaitsForThoseWhoAreAway) {
  VirtualBroker broker;
  TestClient client(broker, mqtt::Version::v5);
  client.connect(lasting("away", 100));
  client.subscribe("t", mqtt::Qos::at_least_once);
  client.disconnect();
  auto publisher = connected(broker, "p");
  publisher->publish("t", "12345", mqtt::Qos::at_least_once);
  broker.advance(Seconds{30});
  publisher->publish("t", "12345", mqtt::Qos::at_least_once);
  Talk talk(broker);
  const Json seen = talk.result("sessions.show", {{"id", "away"}});
  EXPECT_EQ(seen["connected"], false);
  EXPECT_EQ(seen["queued"], 2);
  EXPECT_GT(seen["queued_bytes"], 10);
  EXPECT_EQ(seen["oldest_s"], 30);
  EXPECT_EQ(seen["expiry_s"], 100);
  EXPECT_EQ(seen["expires_in_s"], 70);
  EXPECT_EQ(seen["dropped"], 0);
}

TEST(QueueListing, HasTheLongestFirstAndCountsDrops) {
  VirtualBroker::Setup setup = setup_of(2);
  setup.options.limits.queue_messages_max = 3;
  VirtualBroker broker(std::move(setup));
  for (const auto& [name, filter] : std::map<std::string, std::string>{{"one", "a"}, {"two", "+"}, {"none", "c"}, {"lost", "d"}}) {
    place_next(broker, static_cast<routing::ShardId>(name.size() % 2));
    leave_session(broker, name, filter);
  }
  auto publisher = connected(broker, "p");
  publisher->publish("a", "x", mqtt::Qos::at_least_once);
  publisher->publish("b", "x", mqtt::Qos::at_least_once);
  for (int i = 0; i < 5; ++i) publisher->publish("d", "x", mqtt::Qos::at_least_once);
  publisher->publish("d", "x", mqtt::Qos::at_most_once);  // not kept for who is away, and no sign of a lag
  Talk talk(broker);
  const auto rows = talk.rows("queues.list");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(column(rows, "queued"), ElementsAre("3", "3", "1"));
  EXPECT_EQ(rows[0]["dropped"], 4);
  EXPECT_EQ(rows[0]["id"], "two");
  EXPECT_EQ(rows[1]["dropped"], 2);
  EXPECT_EQ(rows[2]["id"], "one");
  EXPECT_THAT(column(talk.rows("queues.list", {{"limit", 1}}), "id"), ElementsAre("two"));
}

TEST(QueueListing, IsSortedOverThousandsOfSessionsInPages) {
  Crowd crowd;
  Talk talk(crowd.broker);
  const auto rows = talk.rows("queues.list", {{"limit", 700}});
  EXPECT_EQ(rows.size(), 700u);
  expect_no_repeats(column(rows, "id"));
  for (const auto& row : rows) EXPECT_EQ(row["queued"], 3);
  EXPECT_EQ(talk.rows("queues.list", {{"limit", 5000}}).size(), 1000u);
}

TEST(SubscriptionWalk, ListsOrdinaryAndSharedOnesWithTheirOptions) {
  VirtualBroker broker(setup_of(2));
  auto a = connected_on(broker, 0, "a");
  mqtt::SubscribeOptions options;
  options.qos = mqtt::Qos::exactly_once;
  options.no_local = options.retain_as_published = true;
  a->subscribe("x/#", options, 42);
  a->subscribe("$share/g/y", mqtt::Qos::at_least_once);
  auto b = connected_on(broker, 1, "b");
  b->subscribe("x/#");
  b->subscribe("$share/g/y");
  b->unsubscribe("$share/g/y");
  Talk talk(broker);
  const auto rows = talk.rows("subscriptions.list");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0], (Json{{"id", "a"}, {"filter", "x/#"}, {"qos", 2}, {"no_local", true}, {"retain_as_published", true}, {"subscription_id", 42}}));
  EXPECT_EQ(rows[1]["filter"], "$share/g/y");
  EXPECT_EQ(rows[1]["qos"], 1);
  EXPECT_EQ(rows[2]["id"], "b");
  EXPECT_THAT(column(talk.rows("subscriptions.list", {{"filter", "x/#"}}), "id"), ElementsAre("a", "b"));
  EXPECT_THAT(column(talk.rows("subscriptions.list", {{"filter", "$share/g/y"}}), "id"), ElementsAre("a"));
  EXPECT_THAT(column(talk.rows("subscriptions.list", {{"id", "b"}}), "filter"), ElementsAre("x/#"));
  EXPECT_EQ(talk.error("subscriptions.list", {{"id", "c"}}), "not_found");
}

TEST(SubscriptionWalk, IsBoundedAndNamesNothingTwiceWhileASessionChangesItsOwn) {
  constexpr int kFilters = 2000;
  VirtualBroker broker(setup_of(2));
  auto many = connected_on(broker, 1, "many");
  for (int i = 0; i < kFilters; ++i) many->subscribe("f/" + std::to_string(i));
  auto other = connected_on(broker, 0, "other");
  other->subscribe("last");
  broker::SubscriptionQuery query;
  query.begun = 100;
  const auto step = broker.shard(1).list_subscriptions(query, {}, control::kRecordsPerStep);
  EXPECT_LE(step.rows.size(), control::kRecordsPerStep);
  EXPECT_FALSE(step.end);

  Talk talk(broker);
  int round = 0;
  const auto change = [&] {
    for (int i = 0; i < 30; ++i) {  // what stood last takes the place of what goes
      const std::string filter = "f/" + std::to_string((round * 331 + i * 7) % kFilters);
      many->unsubscribe(filter);
      many->subscribe(filter);
    }
    ++round;
  };
  const auto rows = talk.rows("subscriptions.list", Json::object(), change);
  EXPECT_GT(round, 5);
  EXPECT_GT(rows.size(), std::size_t{kFilters} / 2);
  expect_no_repeats(column(rows, "filter"));
  EXPECT_EQ(talk.rows("subscriptions.list").size(), kFilters + 1u);
  EXPECT_EQ(talk.rows("subscriptions.list", {{"id", "many"}}).size(), std::size_t{kFilters});
}

TEST(SubscriptionWalk, SurvivesTheEndOfTheSessionInWhoseMidstItStands) {
  VirtualBroker broker;
  auto many = connected(broker, "many");
  for (int i = 0; i < 600; ++i) many->subscribe("f/" + std::to_string(i));
  Talk talk(broker);
  bool gone = false;
  const auto rows = talk.rows("subscriptions.list", Json::object(), [&] {
    if (std::exchange(gone, true)) return;
    many->disconnect();
    auto heir = connected(broker, "heir");  // in the same slot
    for (int i = 0; i < 600; ++i) heir->subscribe("g/" + std::to_string(i));
    heir->disconnect();
  });
  // The letter that was out when the session ended may have been read before.
  EXPECT_LE(rows.size(), 2 * control::kRecordsPerStep);
  for (const auto& filter : column(rows, "filter")) EXPECT_TRUE(filter.starts_with("f/")) << filter;
}

TEST(SubscriptionWalk, GoesOnWhereALimitCutIt) {
  VirtualBroker broker(setup_of(2));
  auto many = connected_on(broker, 1, "many");
  for (int i = 0; i < 700; ++i) many->subscribe("f/" + std::to_string(i));
  Talk talk(broker);
  std::vector<std::string> filters;
  Json arguments{{"limit", 300}};
  for (int i = 0; i < 3; ++i) {
    Json last;
    for (const auto& page : talk.pages("subscriptions.list", arguments)) {
      for (const auto& row : page["rows"]) filters.push_back(row["filter"]);
      last = page;
    }
    if (last["next"].is_null()) break;
    arguments["after"] = last["next"];
  }
  EXPECT_EQ(filters.size(), 700u);
  expect_no_repeats(filters);
}

TEST(RetainedWalk, ListsInPagesWhatMatchesAndKnowsAges) {
  VirtualBroker broker(setup_of(2));
  auto publisher = connected(broker, "p");
  for (int i = 0; i < 1500; ++i) publisher->publish("a/" + std::to_string(i), "x", mqtt::Qos::at_most_once, true);
  publisher->publish("b", "12345", mqtt::Qos::at_least_once, true);
  broker.advance(Seconds{7});
  Talk talk(broker);
  const auto rows = talk.rows("retained.list");
  EXPECT_EQ(rows.size(), 1501u);
  expect_no_repeats(column(rows, "topic"));
  EXPECT_EQ(talk.rows("retained.list", {{"filter", "a/+"}}).size(), 1500u);
  const auto one = talk.rows("retained.list", {{"filter", "b"}});
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0], (Json{{"topic", "b"}, {"qos", 1}, {"bytes", 5}, {"age_s", 7}, {"expires_in_s", nullptr}}));
  const auto cut = talk.pages("retained.list", {{"limit", 300}});
  EXPECT_EQ(cut.back()["cut"], true);
  EXPECT_EQ(talk.rows("retained.list", {{"limit", 300}}).size(), 300u);
  const auto changing = talk.rows("retained.list", Json::object(), [&, i = 0]() mutable {
    for (int n = 0; n < 50; ++n, ++i) {
      publisher->publish("a/" + std::to_string(1499 - i), "", mqtt::Qos::at_most_once, true);
      publisher->publish("new/" + std::to_string(i), "x", mqtt::Qos::at_most_once, true);
    }
  });
  expect_no_repeats(column(changing, "topic"));
}

}  // namespace tombo::test
