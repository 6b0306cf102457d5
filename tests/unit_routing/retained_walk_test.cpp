#include "routing/retained_store.hpp"

#include "unit_routing/naive_matcher.hpp"
#include "unit_routing/retained_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

namespace tombo::routing {
namespace {

using test::at_ms;
using test::message;
using test::naive_match;
using test::TopicMaker;
using test::walk_all;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct RetainedWalkTest : ::testing::Test {
  RetainedStore store{{}, 4711};
  std::vector<Ref<mqtt::Message>> out;

  void keep(std::initializer_list<const char*> topics) {
    for (const char* topic : topics) store.store(message(topic, "x"));
  }
};

// covers: 5.0 MQTT-4.7.2-1, 3.1.1 MQTT-4.7.2-1
TEST_F(RetainedWalkTest, WildcardsFindWhatTheyShouldAndLeadingOnesSkipDollarTopics) {
  keep({"a", "a/b", "a/b/c", "b/b", "$SYS/b", "$SYS/up/time", "/", "/b"});
  EXPECT_THAT(walk_all(store, "#"), UnorderedElementsAre("a", "a/b", "a/b/c", "b/b", "/", "/b"));
  EXPECT_THAT(walk_all(store, "a/#"), UnorderedElementsAre("a", "a/b", "a/b/c"));
  EXPECT_THAT(walk_all(store, "+/b"), UnorderedElementsAre("a/b", "b/b", "/b"));
  EXPECT_THAT(walk_all(store, "+/b/#"), UnorderedElementsAre("a/b", "a/b/c", "b/b", "/b"));
  EXPECT_THAT(walk_all(store, "+"), ElementsAre("a"));
  EXPECT_THAT(walk_all(store, "$SYS/#"), UnorderedElementsAre("$SYS/b", "$SYS/up/time"));
  EXPECT_THAT(walk_all(store, "a/b"), ElementsAre("a/b"));
  EXPECT_THAT(walk_all(store, "x/#"), IsEmpty());
}

TEST_F(RetainedWalkTest, StaysWithinItsBudgets) {
  for (int i = 0; i < 100; ++i) store.store(message("s/" + std::to_string(i), "x"));
  auto cursor = store.walk("s/+");
  EXPECT_TRUE(store.next(*cursor, 0, 10, at_ms(0), out));
  EXPECT_TRUE(store.next(*cursor, 10, 0, at_ms(0), out));
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(store.next(*cursor, 7, 1000, at_ms(0), out));
  EXPECT_EQ(out.size(), 7U);
  EXPECT_TRUE(store.next(*cursor, 1000, 11, at_ms(0), out));
  EXPECT_EQ(out.size(), 18U);
  EXPECT_FALSE(store.next(*cursor, 1000, 1000, at_ms(0), out));
  EXPECT_EQ(out.size(), 100U);
  EXPECT_FALSE(store.next(*cursor, 1000, 1000, at_ms(0), out));
  EXPECT_EQ(out.size(), 100U);
}

TEST_F(RetainedWalkTest, ACursorSurvivesTheRemovalOfEverythingAroundIt) {
  keep({"a/b/c/d", "a/b/c/e", "a/f"});
  auto cursor = store.walk("#");
  ASSERT_TRUE(store.next(*cursor, 1, 100, at_ms(0), out));
  for (const char* topic : {"a/b/c/d", "a/b/c/e", "a/f"}) store.remove(topic);
  EXPECT_GT(store.bytes(), 0U);  // the pinned node and those above it
  EXPECT_FALSE(store.next(*cursor, 100, 100, at_ms(0), out));
  EXPECT_EQ(out.size(), 1U);
  EXPECT_EQ(store.bytes(), 0U);
}

TEST_F(RetainedWalkTest, ACursorThatIsDroppedHalfWayLeavesNothingBehind) {
  keep({"a/b/c/d"});
  auto cursor = store.walk("#");
  ASSERT_TRUE(store.next(*cursor, 1, 2, at_ms(0), out));
  store.remove("a/b/c/d");
  cursor.reset();
  EXPECT_EQ(store.bytes(), 0U);
}

TEST_F(RetainedWalkTest, ATopicThatIsRemovedAndStoredAgainIsNotSeenTwice) {
  for (int i = 0; i < 50; ++i) store.store(message("s/" + std::to_string(i), "x"));
  auto cursor = store.walk("#");
  while (store.next(*cursor, 5, 1000, at_ms(0), out)) {
    const std::vector<Ref<mqtt::Message>> seen = out;
    for (auto& each : seen) {
      store.remove(each->topic());
      store.store(each);
    }
  }
  std::set<std::string_view> topics;
  for (auto& each : out) EXPECT_TRUE(topics.insert(each->topic()).second) << each->topic();
  EXPECT_EQ(topics.size(), 50U);
}

TEST_F(RetainedWalkTest, AgreesWithTheNaiveMatcher) {
  TopicMaker make(7);
  std::set<std::string> model;
  std::size_t hits = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::string topic = make.topic();
    if (make.below(10) < ((round / 1000) % 2 == 0 ? 8U : 3U)) {
      store.store(message(topic, "x"));
      model.insert(topic);
    } else {
      ASSERT_EQ(store.remove(topic), model.erase(topic) == 1);
    }
    const std::string filter = make.filter();
    std::multiset<std::string> expected;
    for (auto& each : model) {
      if (naive_match(filter, each)) expected.insert(each);
    }
    const auto found = walk_all(store, filter, 1 + make.below(50));
    ASSERT_EQ(std::multiset<std::string>(found.begin(), found.end()), expected) << filter;
    hits += found.size();
  }
  EXPECT_GT(hits, 1000U);
}

TEST_F(RetainedWalkTest, CursorsUnderMutationSeeWhatStaysExactlyOnce) {
  TopicMaker make(11);
  for (int i = 0; i < 200; ++i) {
    std::set<std::string> lasting;
    for (int n = 0; n < 30; ++n) lasting.insert(make.topic());
    for (auto& topic : lasting) store.store(message(topic, "lasting"));
    const std::string filter = make.below(3) == 0 ? "#" : make.filter();
    auto cursor = store.walk(filter);
    out.clear();
    while (store.next(*cursor, 1 + make.below(3), 1 + make.below(5), at_ms(0), out)) {
      for (int n = 0; n < 10; ++n) {
        const std::string topic = make.topic();
        if (lasting.contains(topic)) continue;
        if (make.below(2) == 0) {
          store.store(message(topic, "passing"));
        } else {
          store.remove(topic);
        }
      }
    }
    std::map<std::string, int> seen;
    for (auto& each : out) ++seen[std::string(each->topic())];
    for (auto& [topic, times] : seen) EXPECT_EQ(times, 1) << topic;
    for (auto& topic : lasting) EXPECT_EQ(seen.contains(topic), naive_match(filter, topic)) << filter << " " << topic;
    for (auto& each : walk_all(store, "#")) store.remove(each);
    for (auto& each : walk_all(store, "$/#")) store.remove(each);
  }
}

TEST_F(RetainedWalkTest, SeveralThreadsMayStoreWalkAndExpire) {
  std::atomic<std::size_t> found{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t number = 0; number < 3; ++number) {
      threads.emplace_back([this, number, &found] {
        TopicMaker make(number);
        std::vector<Ref<mqtt::Message>> mine;
        for (int i = 0; i < 2000; ++i) {
          store.store(message(make.topic(), make.below(3) == 0 ? "" : "x", at_ms(i + 100)));
          if (i % 50 != 0) continue;
          auto cursor = store.walk(make.filter());
          while (store.next(*cursor, 3, 10, at_ms(i), mine)) store.remove(make.topic());
          store.expire(at_ms(i), 10);
        }
        found += mine.size();
      });
    }
  }
  EXPECT_GT(found, 0U);
  store.expire(at_ms(1'000'000), ~std::size_t{0});
  EXPECT_EQ(store.count(), 0U);
  EXPECT_EQ(store.bytes(), 0U);
}

}  // namespace
}  // namespace tombo::routing
