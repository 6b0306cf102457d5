#include "mqtt/topic.hpp"
#include "routing/match_batch.hpp"
#include "routing/topic_tree.hpp"
#include "unit_routing/naive_matcher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace tombo::routing {
namespace {

using test::TopicMaker;

std::vector<const Filter*> sorted(std::vector<const Filter*> filters) {
  std::sort(filters.begin(), filters.end());
  return filters;
}

/// Matches the topics in batches and compares each with match(); returns how many topics came back matched.
std::size_t compare(const TopicTree& tree, const std::vector<std::string>& topics) {
  auto batch = std::make_unique<MatchBatch>();
  MatchResult one;
  std::size_t matched = 0;
  for (std::size_t at = 0; at < topics.size();) {
    const std::size_t first = at;
    batch->clear();
    while (at < topics.size() && !batch->full()) batch->add(topics[at++]);
    tree.match_many(*batch);
    for (std::size_t i = 0; i < batch->size(); ++i) {
      tree.match(topics[first + i], one);
      EXPECT_EQ(sorted(batch->result(i).filters), sorted(one.filters)) << topics[first + i];
      EXPECT_EQ(batch->result(i).visited, one.visited) << topics[first + i];
    }
    matched += batch->size();
  }
  return matched;
}

// covers: 5.0 MQTT-4.7.2-1, 3.1.1 MQTT-4.7.2-1
TEST(MatchMany, FindsWhatMatchFindsInRandomTrees) {
  std::size_t matched = 0;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Qsbr qsbr(1);
    TopicTree tree(qsbr, seed);
    TopicMaker maker(seed);
    std::set<Filter*> filters;
    const std::uint32_t count = 1 + maker.below(300);
    for (std::uint32_t i = 0; i < count; ++i) filters.insert(tree.add_shard(maker.filter(), 0));
    for (Filter* filter : filters) {
      if (maker.below(4) == 0) tree.remove_shard(filter, 0);
    }
    std::vector<std::string> topics;
    for (int i = 0; i < 200; ++i) topics.push_back(maker.topic());
    matched += compare(tree, topics);
  }
  EXPECT_GT(matched, 5000U);  // not given up again and again
}

TEST(MatchMany, FindsWhatMatchFindsInTreesWithTablesOfEverySize) {
  Qsbr qsbr(1);
  TopicTree tree(qsbr, 7);
  std::vector<std::string> topics;
  for (int i = 0; i < 20'000; ++i) {
    const std::string topic = "site/" + std::to_string(i % 50) + "/dev/" + std::to_string(i) + "/t";
    if (i % 3 == 0) tree.add_shard(topic, 0);
    if (i % 3 == 1) tree.add_shard("site/+/dev/" + std::to_string(i) + "/t", 0);
    if (i % 5 == 0) tree.add_shard(topic + "/#", 0);
    if (i % 7 == 0) topics.push_back(topic);
    if (i % 91 == 0) topics.push_back(topic + "/nobody/has/this");
  }
  EXPECT_EQ(compare(tree, topics), topics.size());
}

TEST(MatchMany, KnowsATopicOfAsManyLevelsAsThereMayBe) {
  Qsbr qsbr(1);
  TopicTree tree(qsbr, 7);
  std::string deep = "l";
  for (std::size_t i = 1; i < mqtt::kTopicLevelsMax; ++i) deep += "/l";
  tree.add_shard("+" + deep.substr(1), 0);
  tree.add_shard("#", 0);
  EXPECT_EQ(compare(tree, {deep, "l", deep}), 3U);
}

TEST(MatchMany, GivesUpWhereFiltersBranchTooMuch) {
  Qsbr qsbr(1);
  TopicTree tree(qsbr, 7);
  for (std::uint32_t bits = 0; bits < 1024; ++bits) {
    std::string filter;
    for (std::uint32_t i = 0; i < 10; ++i) filter += (bits >> i & 1) != 0 ? "/+" : "/a";
    tree.add_shard(filter, 0);
  }
  MatchBatch batch;
  const std::string topic = "/a/a/a/a/a/a/a/a/a/a";
  batch.add(topic);
  batch.add("x");
  tree.match_many(batch);
  EXPECT_EQ(batch.size(), 0U);
  MatchResult one;
  tree.match(topic, one);
  EXPECT_EQ(one.filters.size(), 1024U);
}

}  // namespace
}  // namespace tombo::routing
