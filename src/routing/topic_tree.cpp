#include "routing/topic_tree.hpp"

#include "base/assert.hpp"
#include "mqtt/topic.hpp"
#include "routing/filter_memory.hpp"
#include "routing/hash.hpp"
#include "routing/match_batch.hpp"
#include "routing/slot_table.hpp"
#include "routing/topic_trie.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace tombo::routing {

namespace {

bool is_wild(std::string_view filter) {
  return filter.find_first_of("+#") != std::string_view::npos;
}

void destroy_groups(void* groups) {
  delete static_cast<const GroupList*>(groups);
}

/// A list with the member added, or null if it is in already.  `created` tells that the group is new.
GroupList* with_member(const GroupList* before, std::string_view name, const Ref<GroupMember>& member, bool& created) {
  auto list = before != nullptr ? std::make_unique<GroupList>(*before) : std::make_unique<GroupList>();
  auto group = std::find_if(list->groups.begin(), list->groups.end(), [&](auto& g) { return g.name == name; });
  created = group == list->groups.end();
  if (created) {
    list->groups.push_back({std::string(name), {}, std::make_shared<Group::Marks>()});
    group = list->groups.end() - 1;
  }
  auto& members = group->members;
  if (std::find(members.begin(), members.end(), member) != members.end()) return nullptr;
  members.push_back(member);
  return list.release();
}

}  // namespace

Filter* make_filter(std::string_view text, FilterId id, std::uint32_t generation) {
  const std::size_t size = std::max(sizeof(Filter), Filter::kTextAt + text.size());
  auto* filter = new (::operator new(size))
      Filter{.id = id, .generation = generation, .text_size = static_cast<std::uint16_t>(text.size())};
  text.copy(reinterpret_cast<char*>(filter) + Filter::kTextAt, text.size());
  return filter;
}

void destroy_filter(void* filter) {
  auto* self = static_cast<Filter*>(filter);
  delete self->groups.load(std::memory_order_relaxed);
  self->~Filter();
  ::operator delete(filter);
}

struct TopicTree::Impl {
  Impl(Qsbr& shared_qsbr, std::uint64_t seed) : qsbr(shared_qsbr), hash(seed), trie(shared_qsbr, hash) {}
  ~Impl() {
    exact.each<Filter>([](Filter& filter) { destroy_filter(&filter); });
  }
  auto hash_of() const {
    return [this](const Filter& filter) { return hash(filter.text()); };
  }
  auto retire_table() {
    return [this](SlotTable* table) { qsbr.retire(table, SlotTable::destroy); };
  }
  Filter* find_exact(std::string_view text) const {
    return exact.find<Filter>(hash(text), [text](const Filter& filter) { return filter.text() == text; });
  }

  Qsbr& qsbr;
  const TextHash hash;
  SlotSegments<256> exact;
  TopicTrie trie;
  std::atomic<std::size_t> wild_count{0};

  std::mutex mutex;  // held by writers; protects what follows and every change of the above
  std::vector<FilterId> free_ids;
  FilterId ids = 0;
  std::uint32_t generations = 0;
};

TopicTree::TopicTree(Qsbr& qsbr, std::uint64_t seed) : impl_(std::make_unique<Impl>(qsbr, seed)) {
  static_assert(offsetof(Filter, text_size) + sizeof(std::uint16_t) == Filter::kTextAt);
}

TopicTree::~TopicTree() = default;

void TopicTree::match(std::string_view topic, MatchResult& result) const {
  result.filters.clear();
  result.visited = 0;
  if (const Filter* filter = impl_->find_exact(topic)) result.filters.push_back(filter);
  if (impl_->wild_count.load(std::memory_order_relaxed) > 0) impl_->trie.match(topic, result);
}

void TopicTree::match_many(MatchBatch& batch) const {
  const auto topics = batch.topics();
  for (auto& topic : topics) {
    topic.result.filters.clear();
    topic.result.visited = 0;
    topic.hash = impl_->hash(topic.text);
    if (const SlotTable* table = impl_->exact.table_of(topic.hash)) table->prefetch(topic.hash);
  }
  for (auto& topic : topics) {
    const SlotTable* table = impl_->exact.table_of(topic.hash);
    topic.candidate = table == nullptr ? nullptr : table->first<const Filter>(topic.hash);
    if (topic.candidate != nullptr) __builtin_prefetch(topic.candidate);
  }
  const bool done = impl_->wild_count.load(std::memory_order_relaxed) == 0 || impl_->trie.match_many(batch);
  for (auto& topic : topics) {
    if (topic.candidate == nullptr) continue;
    if (topic.candidate->text() != topic.text) topic.candidate = impl_->find_exact(topic.text);
    if (topic.candidate != nullptr) topic.result.filters.push_back(topic.candidate);
  }
  if (!done) batch.clear();
}

Filter* TopicTree::find(std::string_view filter) const {
  return is_wild(filter) ? impl_->trie.find(filter) : impl_->find_exact(filter);
}

Filter* TopicTree::find_or_create(std::string_view text) {
  if (Filter* found = find(text)) return found;
  Impl& impl = *impl_;
  FilterId id = impl.ids;
  if (impl.free_ids.empty()) {
    ++impl.ids;
  } else {
    // Safe at once, though a reader may still hold the old filter: a shard looks an id up only among its own
    // subscribers, and it had none left when the old filter went.
    id = impl.free_ids.back();
    impl.free_ids.pop_back();
  }
  Filter* filter = make_filter(text, id, ++impl.generations);
  if (is_wild(text)) {
    impl.trie.insert(filter);
    impl.wild_count.fetch_add(1, std::memory_order_relaxed);
  } else {
    impl.exact.put(impl.hash(text), filter, impl.hash_of(), impl.retire_table());
  }
  filter_count_.fetch_add(1, std::memory_order_relaxed);
  return filter;
}

void TopicTree::drop_reference(Filter* filter) {
  TOMBO_ASSERT(filter->references > 0);
  if (--filter->references > 0) return;
  Impl& impl = *impl_;
  if (is_wild(filter->text())) {
    impl.trie.remove(filter);
    impl.wild_count.fetch_sub(1, std::memory_order_relaxed);
  } else {
    impl.exact.remove(impl.hash(filter->text()), filter, impl.hash_of(), impl.retire_table());
  }
  filter_count_.fetch_sub(1, std::memory_order_relaxed);
  impl.free_ids.push_back(filter->id);
  impl.qsbr.retire(filter, destroy_filter);
}

Filter* TopicTree::add_shard(std::string_view text, ShardId shard) {
  std::lock_guard lock(impl_->mutex);
  Filter* filter = find_or_create(text);
  const std::uint64_t bit = std::uint64_t{1} << shard;
  if ((filter->shards.fetch_or(bit, std::memory_order_release) & bit) == 0) ++filter->references;
  return filter;
}

void TopicTree::remove_shard(Filter* filter, ShardId shard) {
  std::lock_guard lock(impl_->mutex);
  const std::uint64_t bit = std::uint64_t{1} << shard;
  if ((filter->shards.fetch_and(~bit, std::memory_order_release) & bit) != 0) drop_reference(filter);
}

Filter* TopicTree::add_member(std::string_view text, std::string_view group, Ref<GroupMember> member) {
  std::lock_guard lock(impl_->mutex);
  Filter* filter = find_or_create(text);
  const GroupList* before = filter->groups.load(std::memory_order_relaxed);
  bool created = false;
  const GroupList* after = with_member(before, group, member, created);
  if (after == nullptr) return filter;
  filter->groups.store(after, std::memory_order_release);
  if (created) ++filter->references;
  if (before != nullptr) impl_->qsbr.retire(const_cast<GroupList*>(before), destroy_groups);
  return filter;
}

void TopicTree::remove_member(Filter* filter, std::string_view name, const GroupMember& member) {
  std::lock_guard lock(impl_->mutex);
  const GroupList* before = filter->groups.load(std::memory_order_relaxed);
  if (before == nullptr) return;
  auto after = std::make_unique<GroupList>(*before);
  auto group = std::find_if(after->groups.begin(), after->groups.end(), [&](auto& g) { return g.name == name; });
  if (group == after->groups.end()) return;
  if (std::erase_if(group->members, [&](auto& m) { return m.get() == &member; }) == 0) return;
  const bool group_gone = group->members.empty();
  if (group_gone) after->groups.erase(group);
  filter->groups.store(after->groups.empty() ? nullptr : after.release(), std::memory_order_release);
  impl_->qsbr.retire(const_cast<GroupList*>(before), destroy_groups);
  if (group_gone) drop_reference(filter);
}

void TopicTree::collect() {
  impl_->qsbr.collect();
}

}  // namespace tombo::routing
