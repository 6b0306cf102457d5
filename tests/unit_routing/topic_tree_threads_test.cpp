#include "routing/match_batch.hpp"
#include "routing/topic_tree.hpp"

#include "unit_routing/naive_matcher.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

namespace tombo::routing {
namespace {

using test::naive_match;
using test::TopicMaker;

constexpr int kMatches = 20'000;
constexpr int kWrites = 10'000;

/// A shard that matches, passes quiescent points and sometimes sleeps.
void read(Qsbr& qsbr, const TopicTree& tree, ShardId shard, std::atomic<int>& wrong, std::atomic<int>& missed) {
  TopicMaker make(100U + shard);
  MatchResult result;
  qsbr.online(shard);
  for (int i = 0; i < kMatches; ++i) {
    const std::string topic = i % 8 == 0 ? "stays/x" : make.topic();
    tree.match(topic, result);
    bool lasting = false;
    for (const Filter* filter : result.filters) {
      if (!naive_match(filter->text(), topic)) ++wrong;
      lasting = lasting || filter->text() == "stays/+";
      if (const GroupList* list = filter->groups.load(std::memory_order_acquire)) {
        for (const Group& group : list->groups) {
          if (pick(group, {.strategy = ShareStrategy::sticky}) == nullptr) ++wrong;
        }
      }
    }
    if (i % 8 == 0 && !lasting) ++missed;
    if (i % 16 == 0) qsbr.quiescent(shard);
    if (i % 1024 == 0) {
      qsbr.offline(shard);
      qsbr.online(shard);
    }
  }
  qsbr.offline(shard);
}

/// The same with topics in batches.
void read_many(Qsbr& qsbr, const TopicTree& tree, ShardId shard, std::atomic<int>& wrong, std::atomic<int>& missed) {
  TopicMaker make(100U + shard);
  auto batch = std::make_unique<MatchBatch>();
  std::array<std::string, MatchBatch::kTopicsMax> topics;
  qsbr.online(shard);
  for (int i = 0; i < kMatches / 8; ++i) {
    batch->clear();
    for (auto& topic : topics) {
      topic = batch->size() == 3 ? "stays/x" : make.topic();
      batch->add(topic);
    }
    tree.match_many(*batch);
    for (std::size_t n = 0; n < batch->size(); ++n) {
      bool lasting = false;
      for (const Filter* filter : batch->result(n).filters) {
        if (!naive_match(filter->text(), topics[n])) ++wrong;
        lasting = lasting || filter->text() == "stays/+";
      }
      if (n == 3 && !lasting) ++missed;
    }
    qsbr.quiescent(shard);
  }
  qsbr.offline(shard);
}

void write(Qsbr& qsbr, TopicTree& tree, ShardId shard) {
  TopicMaker make(200U + shard);
  std::vector<Filter*> mine;
  std::vector<std::pair<Filter*, Ref<GroupMember>>> joined;
  qsbr.online(shard);
  for (int i = 0; i < kWrites; ++i) {
    const auto dice = make.below(8);
    if (dice < 3) {
      const std::string text = make.filter();
      Filter* filter = tree.find(text);
      const bool has = filter != nullptr && std::find(mine.begin(), mine.end(), filter) != mine.end();
      if (!has) mine.push_back(tree.add_shard(text, shard));
    } else if (dice < 6 && !mine.empty()) {
      std::swap(mine[make.below(static_cast<std::uint32_t>(mine.size()))], mine.back());
      tree.remove_shard(mine.back(), shard);
      mine.pop_back();
    } else if (dice == 6) {
      auto member = Ref<GroupMember>::adopt(new GroupMember({static_cast<std::uint32_t>(i), 1, shard}, 1U + i));
      joined.emplace_back(tree.add_member(make.filter(), "g", member), member);
    } else if (!joined.empty()) {
      tree.remove_member(joined.back().first, "g", *joined.back().second);
      joined.pop_back();
    }
    qsbr.quiescent(shard);
  }
  for (Filter* filter : mine) tree.remove_shard(filter, shard);
  for (auto& [filter, member] : joined) tree.remove_member(filter, "g", *member);
  qsbr.offline(shard);
}

TEST(TopicTreeThreads, ReadersSeeOnlyWhatMatchesWhileWritersChangeTheTree) {
  Qsbr qsbr(5);
  TopicTree tree(qsbr, 99);
  tree.add_shard("stays/+", 4);
  std::atomic<int> wrong{0};
  std::atomic<int> missed{0};
  {
    std::vector<std::jthread> threads;
    for (ShardId shard = 0; shard < 2; ++shard) {
      threads.emplace_back([&, shard] { (shard == 0 ? read : read_many)(qsbr, tree, shard, wrong, missed); });
      threads.emplace_back([&, shard] { write(qsbr, tree, static_cast<ShardId>(2 + shard)); });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(tree.filters(), 1U);
  qsbr.collect(~std::size_t{0});
  EXPECT_EQ(qsbr.waiting(), 0U);
}

}  // namespace
}  // namespace tombo::routing
