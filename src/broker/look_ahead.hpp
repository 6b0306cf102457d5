#pragma once

#include "broker/mailbox.hpp"
#include "mqtt/types.hpp"
#include "routing/match_batch.hpp"
#include "routing/subscriber_tables.hpp"
#include "routing/topic_tree.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace tombo::broker {

/// Matches the topics of a run of PUBLISH packets or letters together before they are handled one by one.  What it found
/// is good until forget(), which comes before anything else than those is handled: no subscription of this shard
/// is made meanwhile, and filters that vanish stay readable until the shard's next quiescent point.
/// Lives on: one shard.
class LookAhead {
 public:
  /// Below this many filters the tree is in the cache, and one at a time is faster.
  static constexpr std::size_t kFiltersMin = 4096;

  /// Looks at the whole PUBLISH packets that `bytes` begins with, as far as a batch goes; nothing is judged.  Returns
  /// how many bytes they have.
  std::size_t prepare(const routing::TopicTree& tree, const routing::SubscriberTables& subscribers, mqtt::Bytes bytes,
                      std::size_t packet_max);
  /// The same for the letters that `letters` begins with; returns how many of them it has looked at.
  std::size_t prepare(const routing::TopicTree& tree, const routing::SubscriberTables& subscribers,
                      std::span<const Letter> letters);
  /// The filters of the topic at this very place in the bytes; false if it was not prepared.  They come in their
  /// order, some may be left out.
  bool take(std::string_view topic, routing::MatchResult& result) {
    return next_ != count_ && take_prepared(topic, result);
  }
  void forget() { next_ = count_ = 0; }

 private:
  void match(const routing::TopicTree& tree, const routing::SubscriberTables& subscribers);
  bool take_prepared(std::string_view topic, routing::MatchResult& result);

  std::unique_ptr<routing::MatchBatch> batch_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace tombo::broker
