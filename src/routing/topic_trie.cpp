#include "routing/topic_trie.hpp"

#include "base/assert.hpp"
#include "mqtt/topic.hpp"
#include "routing/filter_memory.hpp"
#include "routing/trie_node.hpp"

#include <array>

namespace tombo::routing {

/// The levels of a topic, cut and hashed as far as the walk gets.
class TopicTrie::Levels {
 public:
  Levels(std::string_view topic, const TextHash& hash) : rest_(topic), hash_(hash) {}

  bool has(std::size_t depth) {
    while (depth >= count_ && rest_.data() != nullptr && count_ < mqtt::kTopicLevelsMax) {
      Level& level = levels_[count_++];
      const std::string_view text = cut_level(rest_);
      level.begin = text.data();
      level.size = text.size();
      level.hash = hash_(text);
    }
    return depth < count_;
  }
  std::string_view text(std::size_t depth) const { return {levels_[depth].begin, levels_[depth].size}; }
  std::uint64_t hash(std::size_t depth) const { return levels_[depth].hash; }

 private:
  struct Level {
    const char* begin;
    std::size_t size;
    std::uint64_t hash;
    Level() {}  // plain members, not cleared: 6 KB for each match was half of its time
  };
  std::array<Level, mqtt::kTopicLevelsMax> levels_;
  std::size_t count_ = 0;
  std::string_view rest_;
  const TextHash& hash_;
};

TopicTrie::TopicTrie(Qsbr& qsbr, const TextHash& hash) : qsbr_(qsbr), hash_(hash), root_(Node::make(0, {})) {}

TopicTrie::~TopicTrie() {
  destroy_below(root_);
}

void TopicTrie::match(std::string_view topic, MatchResult& result) const {
  struct Pending {
    const Node* node;
    std::size_t depth;
    Pending() {}
  };
  // At most one '+' waits per level: it is taken up before the walk goes on to a sibling of an upper level.
  std::array<Pending, mqtt::kTopicLevelsMax + 1> pending;
  std::size_t waiting = 0;
  Levels levels(topic, hash_);
  const bool system = topic.starts_with('$');
  const Node* node = root_;
  std::size_t depth = 0;
  for (;;) {
    ++result.visited;
    const bool wild = depth > 0 || !system;
    if (wild) {
      if (const Filter* filter = node->multi.load(std::memory_order_acquire)) result.filters.push_back(filter);
    }
    if (levels.has(depth)) {
      const Node* plus = wild ? node->plus.load(std::memory_order_acquire) : nullptr;
      const Node* named = child(*node, levels.hash(depth), levels.text(depth));
      ++depth;
      if (named != nullptr && plus != nullptr) {
        __builtin_prefetch(plus);  // its turn comes later, by then it is here
        pending[waiting].node = plus;
        pending[waiting++].depth = depth;
      }
      if (named != nullptr || plus != nullptr) {
        node = named != nullptr ? named : plus;
        continue;
      }
    } else if (const Filter* filter = node->self.load(std::memory_order_acquire)) {
      result.filters.push_back(filter);
    }
    if (waiting == 0) return;
    node = pending[--waiting].node;
    depth = pending[waiting].depth;
  }
}

Filter* TopicTrie::find(std::string_view filter) const {
  const Node* node = root_;
  for (std::string_view rest = filter; rest.data() != nullptr && node != nullptr;) {
    const std::string_view level = cut_level(rest);
    if (level == "#") return node->multi.load(std::memory_order_acquire);
    node = level == "+" ? node->plus.load(std::memory_order_acquire) : child(*node, hash_(level), level);
  }
  return node == nullptr ? nullptr : node->self.load(std::memory_order_acquire);
}

void TopicTrie::insert(Filter* filter) {
  Node* node = root_;
  for (std::string_view rest = filter->text(); rest.data() != nullptr;) {
    const std::string_view level = cut_level(rest);
    if (level == "#") return node->multi.store(filter, std::memory_order_release);
    node = child_or_new(*node, level);
  }
  node->self.store(filter, std::memory_order_release);
}

void TopicTrie::remove(const Filter* filter) {
  std::array<Node*, mqtt::kTopicLevelsMax + 1> path;
  std::size_t depth = 0;
  path[0] = root_;
  bool multi = false;
  for (std::string_view rest = filter->text(); rest.data() != nullptr;) {
    const std::string_view level = cut_level(rest);
    multi = level == "#";
    if (multi) break;
    Node* below =
        level == "+" ? path[depth]->plus.load(std::memory_order_relaxed) : child(*path[depth], hash_(level), level);
    TOMBO_ASSERT(below != nullptr && depth < mqtt::kTopicLevelsMax);
    path[++depth] = below;
  }
  auto& place = multi ? path[depth]->multi : path[depth]->self;
  TOMBO_ASSERT(place.load(std::memory_order_relaxed) == filter);
  place.store(nullptr, std::memory_order_release);
  for (; depth > 0 && !path[depth]->in_use(); --depth) remove_child(*path[depth - 1], path[depth]);
}

TopicTrie::Node* TopicTrie::child(const Node& node, std::uint64_t hash, std::string_view level) const {
  return node.children.find(hash, [level](const Node& candidate) { return candidate.text() == level; });
}

TopicTrie::Node* TopicTrie::child_or_new(Node& node, std::string_view level) {
  const bool plus = level == "+";
  const std::uint64_t hash = hash_(level);
  Node* found = plus ? node.plus.load(std::memory_order_relaxed) : child(node, hash, level);
  if (found != nullptr) return found;
  Node* created = Node::make(hash, level);
  if (plus) {
    node.plus.store(created, std::memory_order_release);
  } else {
    node.children.add(created, qsbr_);
  }
  return created;
}

void TopicTrie::remove_child(Node& parent, Node* node) {
  if (parent.plus.load(std::memory_order_relaxed) == node) {
    parent.plus.store(nullptr, std::memory_order_release);
  } else {
    parent.children.remove(node, qsbr_);
  }
  qsbr_.retire(node, Node::destroy);
}

void TopicTrie::destroy_below(Node* root) {
  std::vector<Node*> left{root};
  while (!left.empty()) {
    Node* node = left.back();
    left.pop_back();
    node->children.each([&](Node& below) { left.push_back(&below); });
    if (Node* plus = node->plus.load(std::memory_order_relaxed)) left.push_back(plus);
    for (auto* place : {&node->self, &node->multi}) {
      if (Filter* filter = place->load(std::memory_order_relaxed)) destroy_filter(filter);
    }
    Node::destroy(node);
  }
}

}  // namespace tombo::routing
