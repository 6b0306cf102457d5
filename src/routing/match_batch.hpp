#pragma once

#include "routing/slot_table.hpp"
#include "routing/topic_trie.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tombo::routing {

/// Topics that TopicTree::match_many() matches together, and its working memory.  In a large tree matching one topic
/// is a chain of cache misses; those of several topics go on at the same time.
/// Lives on: one shard.
class MatchBatch {
 public:
  static constexpr std::size_t kTopicsMax = 16;

  void clear() { count_ = 0; }
  bool full() const { return count_ == kTopicsMax; }
  std::size_t size() const { return count_; }
  /// The text is borrowed until clear().  Not empty; not more than kTopicsMax of them.
  void add(std::string_view topic) { topics_[count_++].text = topic; }
  std::string_view text(std::size_t i) const { return topics_[i].text; }
  MatchResult& result(std::size_t i) { return topics_[i].result; }

 private:
  friend class TopicTree;
  friend class TopicTrie;

  struct Level {
    std::string_view text;  // without data: the topic has ended
    std::uint64_t hash;
  };
  struct Topic {
    std::string_view text;
    MatchResult result;
    std::uint64_t hash;       // of the whole
    const Filter* candidate;  // for an exact match; its text has to be compared
    std::string_view rest;    // levels that are not cut off yet
    Level above;              // the level that led to the nodes of this step
    Level level;              // the level that leads on from them
  };
  /// A node that a topic has come to.  With a parent it was found by its hash alone.
  struct Walk {
    const TopicTrie::Node* node;
    const TopicTrie::Node* parent;
    Topic* topic;
  };
  struct Search {
    const SlotTable* table;
    const TopicTrie::Node* parent;
    Topic* topic;
  };
  /// A list that has room for all that one step can add.
  template <class T, std::size_t Max>
  struct List {
    std::array<T, Max> items;
    std::size_t count = 0;
    List() {}  // the items are not cleared
    void add(const T& item) { items[count++] = item; }
    T* begin() { return items.data(); }
    T* end() { return items.data() + count; }
  };
  /// Filters that make a topic branch wider are rare; then each topic is walked on its own, in bounded memory.
  static constexpr std::size_t kWalksMax = 128;
  using Walks = List<Walk, 2 * kWalksMax>;
  using Searches = List<Search, kWalksMax>;

  std::span<Topic> topics() { return {topics_.data(), count_}; }

  std::array<Topic, kTopicsMax> topics_{};
  std::size_t count_ = 0;
  std::array<Walks, 2> walks_;  // of this step and of the next
  Searches searches_;
};

}  // namespace tombo::routing
