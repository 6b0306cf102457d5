#include "routing/topic_tree.hpp"

#include "unit_routing/naive_matcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace tombo::routing {
namespace {

using test::naive_match;
using test::TopicMaker;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

struct TopicTreeTest : ::testing::Test {
  Qsbr qsbr{2};
  TopicTree tree{qsbr, 12345};
  MatchResult result;

  std::vector<std::string> match(std::string_view topic) {
    tree.match(topic, result);
    std::vector<std::string> texts;
    for (const Filter* filter : result.filters) texts.emplace_back(filter->text());
    return texts;
  }
};

TEST_F(TopicTreeTest, AnEmptyTreeMatchesNothing) {
  EXPECT_THAT(match("a"), IsEmpty());
  EXPECT_EQ(tree.find("a"), nullptr);
  EXPECT_EQ(tree.find("a/#"), nullptr);
}

TEST_F(TopicTreeTest, ExactFiltersMatchOnlyTheirTopic) {
  tree.add_shard("a/b", 0);
  EXPECT_THAT(match("a/b"), ElementsAre("a/b"));
  EXPECT_THAT(match("a"), IsEmpty());
  EXPECT_THAT(match("a/b/"), IsEmpty());
  EXPECT_THAT(match("A/b"), IsEmpty());
}

// covers: 5.0 MQTT-4.7.1-1, 3.1.1 MQTT-4.7.1-2
TEST_F(TopicTreeTest, AHashMatchesItsParentAndEverythingBelow) {
  tree.add_shard("a/#", 0);
  EXPECT_THAT(match("a"), ElementsAre("a/#"));
  EXPECT_THAT(match("a/"), ElementsAre("a/#"));
  EXPECT_THAT(match("a/b/c"), ElementsAre("a/#"));
  EXPECT_THAT(match("ab"), IsEmpty());
}

// covers: 5.0 MQTT-4.7.1-2, 3.1.1 MQTT-4.7.1-3
TEST_F(TopicTreeTest, APlusMatchesExactlyOneLevelEvenAnEmptyOne) {
  tree.add_shard("a/+/c", 0);
  tree.add_shard("+", 0);
  tree.add_shard("/+", 0);
  tree.add_shard("+/+", 0);
  EXPECT_THAT(match("a/b/c"), ElementsAre("a/+/c"));
  EXPECT_THAT(match("a//c"), ElementsAre("a/+/c"));
  EXPECT_THAT(match("a/c"), ElementsAre("+/+"));
  EXPECT_THAT(match("/finance"), UnorderedElementsAre("/+", "+/+"));
}

// covers: 5.0 MQTT-4.7.2-1, 3.1.1 MQTT-4.7.2-1
TEST_F(TopicTreeTest, LeadingWildcardsSkipTopicsThatBeginWithADollar) {
  for (const char* filter : {"#", "+/x", "+/#", "$SYS/#", "$SYS/+", "/+"}) tree.add_shard(filter, 0);
  EXPECT_THAT(match("$SYS/x"), UnorderedElementsAre("$SYS/#", "$SYS/+"));
  EXPECT_THAT(match("/$SYS"), UnorderedElementsAre("#", "+/#", "/+"));
}

TEST_F(TopicTreeTest, KeepsABitPerShardUntilTheLastOneGoes) {
  Filter* filter = tree.add_shard("a/+", 3);
  EXPECT_EQ(tree.add_shard("a/+", 63), filter);
  EXPECT_EQ(tree.add_shard("a/+", 3), filter);
  EXPECT_EQ(filter->shards.load(), std::uint64_t{1} << 3 | std::uint64_t{1} << 63);
  tree.remove_shard(filter, 3);
  tree.remove_shard(filter, 3);
  EXPECT_EQ(filter->shards.load(), std::uint64_t{1} << 63);
  EXPECT_THAT(match("a/b"), ElementsAre("a/+"));
  tree.remove_shard(filter, 63);
  EXPECT_THAT(match("a/b"), IsEmpty());
  EXPECT_EQ(tree.filters(), 0U);
}

TEST_F(TopicTreeTest, UsesIdsAgainButNotGenerations) {
  Filter* first = tree.add_shard("a", 0);
  const FilterId id = first->id;
  const auto generation = first->generation;
  tree.remove_shard(first, 0);
  Filter* second = tree.add_shard("b", 0);
  EXPECT_EQ(second->id, id);
  EXPECT_NE(second->generation, generation);
  EXPECT_NE(tree.add_shard("c", 0)->id, id);
}

TEST_F(TopicTreeTest, AFilterWithGroupsOnlyMatchesWithoutShards) {
  auto member = Ref<GroupMember>::adopt(new GroupMember({1, 1, 0}, 7));
  auto other = Ref<GroupMember>::adopt(new GroupMember({2, 1, 0}, 8));
  Filter* filter = tree.add_member("s/+", "g", member);
  EXPECT_EQ(tree.add_member("s/+", "g", other), filter);
  EXPECT_EQ(tree.add_member("s/+", "g", other), filter);  // once is enough
  EXPECT_EQ(tree.add_member("s/+", "h", other), filter);
  EXPECT_THAT(match("s/1"), ElementsAre("s/+"));
  EXPECT_EQ(filter->shards.load(), 0U);
  const GroupList* list = filter->groups.load();
  ASSERT_EQ(list->groups.size(), 2U);
  EXPECT_EQ(list->groups[0].members.size(), 2U);
  const auto marks = list->groups[0].marks;

  tree.remove_member(filter, "g", *member);
  EXPECT_EQ(filter->groups.load()->groups[0].marks, marks);
  tree.remove_member(filter, "unknown", *member);
  tree.remove_member(filter, "g", *member);
  tree.remove_member(filter, "g", *other);
  ASSERT_EQ(filter->groups.load()->groups.size(), 1U);
  tree.remove_member(filter, "h", *other);
  EXPECT_EQ(tree.filters(), 0U);
  EXPECT_THAT(match("s/1"), IsEmpty());
}

TEST_F(TopicTreeTest, AFilterLivesAsLongAsShardsOrGroupsNeedIt) {
  auto member = Ref<GroupMember>::adopt(new GroupMember({1, 1, 0}, 7));
  Filter* filter = tree.add_member("s", "g", member);
  tree.add_shard("s", 1);
  tree.remove_member(filter, "g", *member);
  EXPECT_EQ(tree.find("s"), filter);
  EXPECT_EQ(filter->groups.load(), nullptr);
  tree.add_member("s", "g", member);
  tree.remove_shard(filter, 1);
  EXPECT_EQ(tree.find("s"), filter);
  tree.remove_member(filter, "g", *member);
  EXPECT_EQ(tree.find("s"), nullptr);
}

TEST_F(TopicTreeTest, AReaderKeepsItsFiltersUntilItsQuiescentPoint) {
  qsbr.online(0);
  Filter* filter = tree.add_shard("a/+", 0);
  match("a/b");
  tree.remove_shard(filter, 0);
  tree.collect();
  EXPECT_EQ(result.filters.at(0)->text(), "a/+");  // AddressSanitizer would object
  EXPECT_GT(qsbr.waiting(), 0U);
  qsbr.quiescent(0);
  tree.collect();
  EXPECT_EQ(qsbr.waiting(), 0U);
}

TEST_F(TopicTreeTest, MatchesAtTheDeepestLevelAndStopsBelowIt) {
  std::string deep = "a";
  std::string plus = "+";
  for (std::size_t i = 1; i < mqtt::kTopicLevelsMax; ++i) deep += "/a", plus += "/+";
  tree.add_shard(plus, 0);
  tree.add_shard(deep.substr(0, deep.size() - 1) + "+", 0);
  tree.add_shard("#", 0);
  EXPECT_EQ(match(deep).size(), 3U);
  EXPECT_THAT(match(deep + std::string(60'000, '/')), testing::Contains("#"));  // must survive, whatever it finds
  tree.remove_shard(tree.find(plus), 0);
  EXPECT_EQ(match(deep).size(), 2U);
}

TEST_F(TopicTreeTest, ManySiblingsAreFoundAndRemovedAgain) {
  // Enough for a node's children to be split into segments, and back to nothing.
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) tree.add_shard("d/" + std::to_string(i) + "/+", 0);
  for (int i = 0; i < kCount; ++i) {
    ASSERT_EQ(match("d/" + std::to_string(i) + "/x").size(), 1U) << i;
  }
  for (int i = 0; i < kCount; ++i) {
    tree.remove_shard(tree.find("d/" + std::to_string(i) + "/+"), 0);
    if (i % 1000 == 0) {
      EXPECT_EQ(match("d/" + std::to_string(kCount - 1) + "/x").size(), 1U);
    }
  }
  EXPECT_EQ(tree.filters(), 0U);
  EXPECT_THAT(match("d/1/x"), IsEmpty());
  EXPECT_EQ(result.visited, 0U);  // without wildcard filters the trie is not entered
}

TEST(NaiveMatcher, AgreesWithTheOneOfTheCodec) {
  TopicMaker make(43);
  for (int i = 0; i < 20'000; ++i) {
    const std::string filter = make.filter();
    const std::string topic = make.topic();
    ASSERT_EQ(naive_match(filter, topic), mqtt::matches(filter, topic)) << filter << " " << topic;
  }
}

TEST_F(TopicTreeTest, AgreesWithTheNaiveMatcherWhileFiltersComeAndGo) {
  TopicMaker make(42);
  std::map<std::string, std::uint64_t> model;
  std::size_t hits = 0;
  for (int round = 0; round < 30'000; ++round) {
    const auto dice = make.below(4);
    const auto shard = static_cast<ShardId>(make.below(2));
    if (dice < 2) {
      const std::string filter = make.filter();
      // Come and go in waves, so that the tree empties again.
      if (make.below(10) < ((round / 5000) % 2 == 0 ? 7U : 3U)) {
        tree.add_shard(filter, shard);
        model[filter] |= std::uint64_t{1} << shard;
      } else if (Filter* found = tree.find(filter)) {
        tree.remove_shard(found, shard);
        if ((model[filter] &= ~(std::uint64_t{1} << shard)) == 0) model.erase(filter);
      } else {
        ASSERT_FALSE(model.contains(filter)) << filter;
      }
    } else {
      const std::string topic = make.topic();
      std::multiset<std::string> expected;
      for (auto& [filter, shards] : model) {
        if (naive_match(filter, topic)) expected.insert(filter);
      }
      const auto found = match(topic);
      ASSERT_EQ(std::multiset<std::string>(found.begin(), found.end()), expected) << topic;
      hits += found.size();
    }
    ASSERT_EQ(tree.filters(), model.size());
  }
  EXPECT_GT(hits, 10'000U);
}

}  // namespace
}  // namespace tombo::routing
