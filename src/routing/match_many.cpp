#include "mqtt/topic.hpp"
#include "routing/match_batch.hpp"
#include "routing/trie_node.hpp"

#include <utility>

namespace tombo::routing {

/// The walk of TopicTrie::match() for several topics at once, level by level: each step asks for the memory that the
/// next one reads and then turns to the other topics.
class TopicTrie::Together {
 public:
  Together(const TopicTrie& trie, MatchBatch& batch)
      : trie_(trie), batch_(batch), now_(&batch.walks_[0]), next_(&batch.walks_[1]), searches_(batch.searches_) {
    next_->count = 0;
  }
  bool match();

 private:
  void cut_levels(std::size_t depth);
  void visit(const MatchBatch::Walk& walk, std::size_t depth);

  const TopicTrie& trie_;
  MatchBatch& batch_;
  MatchBatch::Walks* now_;
  MatchBatch::Walks* next_;
  MatchBatch::Searches& searches_;
};

bool TopicTrie::match_many(MatchBatch& batch) const {
  return Together(*this, batch).match();
}

bool TopicTrie::Together::match() {
  for (auto& topic : batch_.topics()) {
    topic.rest = topic.text;
    next_->add({trie_.root_, nullptr, &topic});
  }
  for (std::size_t depth = 0; next_->count > 0; ++depth) {
    if (next_->count > MatchBatch::kWalksMax) return false;
    std::swap(now_, next_);
    next_->count = searches_.count = 0;
    cut_levels(depth);
    for (const auto& walk : *now_) visit(walk, depth);
    for (const auto& search : searches_) search.table->prefetch(search.topic->level.hash);
    for (const auto& search : searches_) {
      const Node* node = search.table->first<Node>(search.topic->level.hash);
      if (node == nullptr) continue;
      node->prefetch();
      next_->add({node, search.parent, search.topic});
    }
  }
  return true;
}

void TopicTrie::Together::cut_levels(std::size_t depth) {
  for (auto& topic : batch_.topics()) {
    topic.above = topic.level;
    topic.level.text = {};
    if (topic.rest.data() == nullptr || depth == mqtt::kTopicLevelsMax) continue;
    topic.level.text = cut_level(topic.rest);
    topic.level.hash = trie_.hash_(topic.level.text);
  }
}

void TopicTrie::Together::visit(const MatchBatch::Walk& walk, std::size_t depth) {
  auto& topic = *walk.topic;
  const Node* node = walk.node;
  if (walk.parent != nullptr && (node->hash != topic.above.hash || node->text() != topic.above.text)) {
    node = trie_.child(*walk.parent, topic.above.hash, topic.above.text);
    if (node == nullptr) return;
  }
  auto found = [&topic](const Filter* filter) {
    if (filter == nullptr) return;
    __builtin_prefetch(filter);
    topic.result.filters.push_back(filter);
  };
  ++topic.result.visited;
  const bool wild = depth > 0 || !topic.text.starts_with('$');
  if (wild) found(node->multi.load(std::memory_order_acquire));
  if (topic.level.text.data() == nullptr) return found(node->self.load(std::memory_order_acquire));
  const Node* plus = wild ? node->plus.load(std::memory_order_acquire) : nullptr;
  if (plus != nullptr) {
    plus->prefetch();
    next_->add({plus, nullptr, &topic});
  }
  const auto lead = node->children.lead(topic.level.hash);
  if (lead.only != nullptr) {
    lead.only->prefetch();
    next_->add({lead.only, node, &topic});
  } else if (lead.table != nullptr) {
    lead.table->prefetch();
    searches_.add({lead.table, node, &topic});
  }
}

}  // namespace tombo::routing
