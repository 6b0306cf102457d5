#pragma once

#include "routing/ids.hpp"
#include "routing/qsbr.hpp"
#include "routing/shared_group.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace tombo::routing {

/// One distinct topic filter that somebody subscribed to.  Readers see `shards`, `id`, `groups` and `full`; all else is
/// the writer's.  A pointer to a Filter is good until the reading shard's next quiescent point, and never travels in a
/// letter; the owner of a subscription keeps it alive as long as it is subscribed and may keep the pointer.
struct Filter {
  std::atomic<std::uint64_t> shards{0};           // bit per shard that has ordinary subscribers
  std::atomic<const GroupList*> groups{nullptr};  // shared subscriptions on this filter, or null; immutable list
  std::atomic<std::uint32_t> full{0};  // subscribers whose queue is full (only counted where publishers are told)
  FilterId id = 0;
  std::uint32_t generation = 0;
  std::uint32_t references = 0;  // shards with ordinary subscribers + groups
  const std::uint16_t text_size = 0;
  std::string_view text() const { return {reinterpret_cast<const char*>(this) + kTextAt, text_size}; }

  static constexpr std::size_t kTextAt = 34;  // the text lies right behind its size, in the padding
};

/// Filters that a topic matched; match() clears it first.  Reused from publish to publish, so matching
/// allocates nothing after warm-up.
struct MatchResult {
  std::vector<const Filter*> filters;
  std::uint32_t visited = 0;  // nodes looked at, for the log line about expensive filters
};

class MatchBatch;

/// Who wants this topic: one tree for all shards.  Exact filters in one segmented hash keyed by the whole filter,
/// filters with wildcards in a trie of levels.  Readers never block, never allocate and walk iteratively; writers are
/// serialised by one mutex.  Filters have at most mqtt::kTopicLevelsMax levels, too.
/// Lives on: any shard; match() only between that shard's quiescent points.
class TopicTree {
 public:
  /// `seed` makes the hashes unpredictable for peers.
  TopicTree(Qsbr& qsbr, std::uint64_t seed);
  ~TopicTree();
  TopicTree(const TopicTree&) = delete;
  TopicTree& operator=(const TopicTree&) = delete;

  /// All filters that match the topic name, each once, the order unspecified.  Leading wildcards skip topics that
  /// begin with '$'.  [MQTT-4.7.2-1]  Topics have at most mqtt::kTopicLevelsMax levels (the decoder's limit).
  void match(std::string_view topic, MatchResult& result) const;
  /// Matches every topic of the batch, as match() does.  Empties the batch if its filters branch so much that one at a
  /// time is better.
  void match_many(MatchBatch& batch) const;

  /// A shard's first ordinary subscriber of this filter: sets its bit, creates the filter if needed.
  Filter* add_shard(std::string_view filter, ShardId shard);
  /// A shard's last ordinary subscriber has gone: clears its bit; the filter may vanish.
  void remove_shard(Filter* filter, ShardId shard);

  /// Adds a member to a shared group, creating filter and group if needed.  The member takes part at once.
  Filter* add_member(std::string_view filter, std::string_view group, Ref<GroupMember> member);
  /// Replaces nothing: a member is removed by identity.
  void remove_member(Filter* filter, std::string_view group, const GroupMember& member);

  /// The filter with this text, or null; for the shard that handles SUBSCRIBE and for letters that name a group.
  Filter* find(std::string_view filter) const;

  std::size_t filters() const { return filter_count_.load(std::memory_order_relaxed); }
  /// Frees what no reader can see any more; call about once a second.
  void collect();

 private:
  struct Impl;
  Filter* find_or_create(std::string_view text);
  void drop_reference(Filter* filter);

  std::atomic<std::size_t> filter_count_{0};
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombo::routing
