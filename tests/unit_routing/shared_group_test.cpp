#include "routing/shared_group.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace tombo::routing {
namespace {

constexpr ShareStrategy kAll[] = {ShareStrategy::round_robin, ShareStrategy::random,
                                  ShareStrategy::sticky,      ShareStrategy::least_in_flight,
                                  ShareStrategy::hash_client, ShareStrategy::hash_topic};

struct SharedGroupTest : ::testing::Test {
  Group group{"g", {}, std::make_shared<Group::Marks>()};
  std::vector<GroupMember*> members;

  GroupMember& join() {
    const auto number = static_cast<std::uint32_t>(members.size());
    auto* member = new GroupMember({number, 1, 0}, 0x1234567 * (number + 1ULL));
    members.push_back(member);
    group.members.push_back(Ref<GroupMember>::adopt(member));
    return *member;
  }
  /// How often each member was picked.
  std::map<std::uint32_t, int> picks(ShareStrategy strategy, int count, const GroupMember* except = nullptr) {
    std::map<std::uint32_t, int> result;
    std::uint64_t number = 0;
    for (int i = 0; i < count; ++i) {
      number += 0x9e3779b97f4a7c15;
      const GroupMember* member = pick(group, {strategy, number, number, number >> 7, except});
      if (member != nullptr) ++result[member->session.slot];
    }
    return result;
  }
};

TEST_F(SharedGroupTest, NobodyIsPickedFromAnEmptyGroupOrIfTheOnlyOneIsExcepted) {
  for (const auto strategy : kAll) EXPECT_EQ(pick(group, {.strategy = strategy}), nullptr);
  const GroupMember& only = join();
  for (const auto strategy : kAll) {
    EXPECT_EQ(pick(group, {.strategy = strategy}), &only);
    EXPECT_EQ(pick(group, {.strategy = strategy, .except = &only}), nullptr);
  }
}

TEST_F(SharedGroupTest, NoStrategyPicksAnOfflineMemberWhileAnotherIsOnline) {
  for (int i = 0; i < 4; ++i) join();
  members[1]->online = false;
  members[2]->online = false;
  for (const auto strategy : kAll) {
    const auto count = picks(strategy, 200, members[0]);
    EXPECT_EQ(count.size(), 1U);
    EXPECT_TRUE(count.contains(3));
  }
  members[3]->online = false;  // only offline ones beside the excepted: anyone but that one
  for (const auto strategy : kAll) {
    const auto count = picks(strategy, 50, members[0]);
    EXPECT_FALSE(count.contains(0));
    EXPECT_FALSE(count.empty());
  }
}

TEST_F(SharedGroupTest, FullMembersArePassedByWhileOthersHaveRoom) {
  for (int i = 0; i < 4; ++i) join();
  members[0]->full = members[1]->full = true;
  members[2]->online = false;
  for (const auto strategy : kAll) EXPECT_EQ(picks(strategy, 20), (std::map<std::uint32_t, int>{{3, 20}}));
  EXPECT_FALSE(is_full(group));
  // An offline one with room comes before one that would drop.
  members[3]->full = true;
  for (const auto strategy : kAll) EXPECT_EQ(picks(strategy, 20), (std::map<std::uint32_t, int>{{2, 20}}));
  members[2]->full = true;
  EXPECT_TRUE(is_full(group));
  for (const auto strategy : kAll) EXPECT_NE(pick(group, {.strategy = strategy}), nullptr);
}

TEST_F(SharedGroupTest, RoundRobinTakesTurns) {
  for (int i = 0; i < 4; ++i) join();
  for (auto [slot, count] : picks(ShareStrategy::round_robin, 400)) EXPECT_EQ(count, 100) << slot;
}

TEST_F(SharedGroupTest, RoundRobinSpreadsTheTurnsOfOneWhoIsAway) {
  for (int i = 0; i < 4; ++i) join();
  members[1]->online = false;
  for (auto [slot, count] : picks(ShareStrategy::round_robin, 1200)) EXPECT_EQ(count, 400) << slot;
}

TEST_F(SharedGroupTest, RandomReachesEverybodyAboutEqually) {
  for (int i = 0; i < 4; ++i) join();
  const auto count = picks(ShareStrategy::random, 4000);
  ASSERT_EQ(count.size(), 4U);
  for (auto [slot, times] : count) EXPECT_NEAR(times, 1000, 200) << slot;
}

TEST_F(SharedGroupTest, StickyStaysUntilItsMemberGoesAway) {
  for (int i = 0; i < 4; ++i) join();
  const auto first = picks(ShareStrategy::sticky, 100);
  ASSERT_EQ(first.size(), 1U);
  const auto slot = first.begin()->first;
  join();
  EXPECT_EQ(picks(ShareStrategy::sticky, 10).count(slot), 1U);
  members[slot]->online = false;
  const auto second = picks(ShareStrategy::sticky, 100);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_NE(second.begin()->first, slot);
  members[slot]->online = true;  // no way back
  EXPECT_EQ(picks(ShareStrategy::sticky, 100), second);
}

TEST_F(SharedGroupTest, LeastInFlightTakesTheIdlestAndSpreadsAmongEquals) {
  for (int i = 0; i < 4; ++i) join();
  EXPECT_EQ(picks(ShareStrategy::least_in_flight, 400).size(), 4U);
  members[0]->in_flight = 3;
  members[1]->in_flight = 1;
  members[2]->in_flight = 2;
  members[3]->in_flight = 5;
  EXPECT_EQ(picks(ShareStrategy::least_in_flight, 50), (std::map<std::uint32_t, int>{{1, 50}}));
  members[1]->online = false;
  EXPECT_EQ(picks(ShareStrategy::least_in_flight, 50), (std::map<std::uint32_t, int>{{2, 50}}));
}

TEST_F(SharedGroupTest, HashesKeepAKeyWithItsMemberAndMoveOnlyThoseOfOneThatLeaves) {
  for (int i = 0; i < 5; ++i) join();
  std::map<std::uint64_t, const GroupMember*> homes;
  for (std::uint64_t key = 0; key < 1000; ++key) {
    homes[key] = pick(group, {.strategy = ShareStrategy::hash_topic, .topic_hash = key});
    EXPECT_EQ(pick(group, {.strategy = ShareStrategy::hash_client, .publisher_hash = key}), homes[key]);
  }
  std::reverse(group.members.begin(), group.members.end());
  members[2]->online = false;
  int moved = 0;
  for (auto [key, home] : homes) {
    const auto* now = pick(group, {.strategy = ShareStrategy::hash_topic, .topic_hash = key});
    if (home == members[2]) {
      ++moved;
      EXPECT_NE(now, home);
    } else {
      EXPECT_EQ(now, home);
    }
  }
  EXPECT_NEAR(moved, 200, 80);
}

}  // namespace
}  // namespace tombo::routing
