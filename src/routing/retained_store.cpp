#include "routing/retained_store.hpp"

#include "mqtt/topic.hpp"
#include "routing/expiry_heap.hpp"
#include "routing/retained_tree.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>

namespace tombo::routing {

struct RetainedStore::Impl {
  Impl(RetainedLimits given_limits, std::uint64_t seed) : tree(seed), limits(given_limits) {}

  /// Takes the node's message away, and the node if nothing else needs it.
  void clear(RetainedNode* node);

  mutable std::mutex mutex;  // protects all of this and where each cursor stands
  RetainedTree tree;
  ExpiryHeap expiry;
  RetainedLimits limits;
  std::size_t count = 0;
  std::size_t message_bytes = 0;
};

/// Where a walk stands.  A node at depth d has been reached through d levels of the filter, so the pinned node is all
/// there is to remember: what is above it cannot go away while it is there.
struct RetainedCursor::Walk {
  Walk(RetainedStore::Impl& of_store, std::string_view of_filter);

  /// Finds the first node to look at; null if there is none.
  RetainedNode* begin() const;
  /// The node to look at after `node`; null at the end.
  RetainedNode* after(RetainedNode* node) const;
  bool wants(const RetainedNode& node) const {
    return node.depth == levels.size() || (multi && node.depth > levels.size());
  }
  void pin(RetainedNode* node) {
    at = node;
    if (node != nullptr) ++node->pins;
  }
  void unpin() {
    RetainedNode* node = std::exchange(at, nullptr);
    if (node == nullptr) return;
    --node->pins;
    store.tree.prune(node);
  }

  RetainedStore::Impl& store;
  const std::string filter;
  std::vector<std::string_view> levels;  // without the '#'
  bool multi = false;                    // ends with '#'
  std::size_t fixed = 0;                 // levels before the first wildcard
  RetainedNode* at = nullptr;            // the last node looked at, pinned
  bool started = false;
  bool ended = false;

 private:
  RetainedNode* descend(RetainedNode* node) const;
  /// The node itself or the next of its siblings that a leading wildcard may match.
  RetainedNode* not_system(RetainedNode* node) const {
    while (node != nullptr && node->depth == 1 && node->text().starts_with('$')) node = node->next;
    return node;
  }
};

RetainedCursor::Walk::Walk(RetainedStore::Impl& of_store, std::string_view of_filter)
    : store(of_store), filter(of_filter) {
  const std::string_view text = filter;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    levels.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  multi = levels.back() == "#";
  if (multi) levels.pop_back();
  while (fixed < levels.size() && levels[fixed] != "+") ++fixed;
}

RetainedNode* RetainedCursor::Walk::begin() const {
  if (fixed == 0) return store.tree.root();
  const std::string_view last = levels[fixed - 1];
  return store.tree.find({filter.data(), static_cast<std::size_t>(last.data() + last.size() - filter.data())});
}

RetainedNode* RetainedCursor::Walk::descend(RetainedNode* node) const {
  if (node->depth >= levels.size()) return multi ? not_system(node->first_child) : nullptr;
  const std::string_view level = levels[node->depth];
  return level == "+" ? not_system(node->first_child) : store.tree.child(*node, level);
}

RetainedNode* RetainedCursor::Walk::after(RetainedNode* node) const {
  if (RetainedNode* below = descend(node)) return below;
  for (; node->depth > fixed; node = node->parent) {
    const bool any = node->depth > levels.size() || levels[node->depth - std::size_t{1}] == "+";
    if (!any) continue;
    if (RetainedNode* sibling = not_system(node->next)) return sibling;
  }
  return nullptr;
}

RetainedCursor::RetainedCursor(std::unique_ptr<Walk> walk) : walk_(std::move(walk)) {}

RetainedCursor::~RetainedCursor() {
  std::lock_guard lock(walk_->store.mutex);
  walk_->unpin();
}

RetainedStore::RetainedStore(RetainedLimits limits, std::uint64_t seed) : impl_(std::make_unique<Impl>(limits, seed)) {}

RetainedStore::~RetainedStore() = default;

void RetainedStore::Impl::clear(RetainedNode* node) {
  --count;
  message_bytes -= node->message_bytes();
  expiry.remove(*node);
  node->message = nullptr;
  node->source.reset();
  tree.prune(node);
}

RetainedStore::Stored RetainedStore::store(const Ref<mqtt::Message>& message, std::shared_ptr<const RetainedSource> source) {
  if (message->payload().empty()) {
    return remove(message->topic()) ? Stored::removed : Stored::nothing_to_remove;
  }
  std::lock_guard lock(impl_->mutex);
  Impl& impl = *impl_;
  RetainedNode* known = impl.tree.find(message->topic());
  if (known == nullptr && mqtt::count_levels(message->topic()) > mqtt::kTopicLevelsMax) return Stored::refused;
  const bool replaces = known != nullptr && known->message;
  const std::size_t freed = replaces ? known->message_bytes() : 0;
  const std::size_t counts = message->footprint() + (source ? source->footprint() : 0);
  const std::size_t added = counts + (known != nullptr ? 0 : impl.tree.bytes_to_create(message->topic()));
  if (!replaces && impl.count >= impl.limits.count_max) return Stored::refused;
  // One that is not larger than what it replaces is let in even when a reload has lowered the limit.
  const std::size_t after = impl.message_bytes + impl.tree.bytes() - freed + added;
  if (after > impl.limits.bytes_max && (!replaces || added > freed)) return Stored::refused;

  RetainedNode* node = known != nullptr ? known : impl.tree.find_or_create(message->topic());
  node->message = message;
  node->source = std::move(source);
  impl.message_bytes = impl.message_bytes - freed + counts;
  impl.expiry.set(*node, message->expires_at());
  if (!replaces) ++impl.count;
  return replaces ? Stored::replaced : Stored::added;
}

bool RetainedStore::remove(std::string_view topic) {
  std::lock_guard lock(impl_->mutex);
  RetainedNode* node = impl_->tree.find(topic);
  if (node == nullptr || !node->message) return false;
  impl_->clear(node);
  return true;
}

Ref<mqtt::Message> RetainedStore::find(std::string_view topic, std::shared_ptr<const RetainedSource>* source) const {
  std::lock_guard lock(impl_->mutex);
  const RetainedNode* node = impl_->tree.find(topic);
  if (node == nullptr) return nullptr;
  if (source != nullptr) *source = node->source;
  return node->message;
}

std::unique_ptr<RetainedCursor> RetainedStore::walk(std::string_view filter) {
  // No lock: the walk looks at the tree at its first step.
  return std::unique_ptr<RetainedCursor>(new RetainedCursor(std::make_unique<RetainedCursor::Walk>(*impl_, filter)));
}

bool RetainedStore::next(RetainedCursor& cursor, std::size_t message_max, std::size_t node_max, MonoTime now,
                         std::vector<Ref<mqtt::Message>>& out, std::vector<std::shared_ptr<const RetainedSource>>* sources) {
  std::lock_guard lock(impl_->mutex);
  RetainedCursor::Walk& walk = *cursor.walk_;
  if (walk.ended) return false;
  if (message_max == 0 || node_max == 0) return true;
  RetainedNode* last = walk.at;
  RetainedNode* node = walk.started ? walk.after(last) : walk.begin();
  walk.started = true;
  walk.unpin();  // after the step: the node may go now, and those above it
  last = nullptr;
  for (; node != nullptr && message_max > 0 && node_max > 0; --node_max, node = walk.after(node)) {
    last = node;
    if (node->next != nullptr) __builtin_prefetch(node->next);
    if (!node->message || !walk.wants(*node) || node->message->expired(now)) continue;
    out.push_back(node->message);
    if (sources != nullptr) sources->push_back(node->source);
    --message_max;
  }
  if (node == nullptr) {
    walk.ended = true;
    return false;
  }
  walk.pin(last);
  return true;
}

void RetainedStore::end(std::unique_ptr<RetainedCursor> cursor) {
  cursor.reset();
}

std::size_t RetainedStore::expire(MonoTime now, std::size_t max, std::vector<std::string>* topics) {
  std::lock_guard lock(impl_->mutex);
  std::size_t removed = 0;
  for (; removed < max; ++removed) {
    RetainedNode* node = impl_->expiry.due(now);
    if (node == nullptr) break;
    if (topics != nullptr) topics->emplace_back(node->message->topic());
    impl_->clear(node);
  }
  return removed;
}

std::size_t RetainedStore::count() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->count;
}

std::size_t RetainedStore::bytes() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->message_bytes + impl_->tree.bytes();
}

void RetainedStore::set_limits(RetainedLimits limits) {
  std::lock_guard lock(impl_->mutex);
  impl_->limits = limits;
}

}  // namespace tombo::routing
