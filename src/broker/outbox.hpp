#pragma once

#include "broker/core.hpp"
#include "broker/mailbox.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace tombo::broker {

/// Letters of one shard to the others, gathered during a turn and posted at its end.
/// Lives on: one shard.
class Outbox {
 public:
  Outbox(Core& core, routing::ShardId self) : core_(core), self_(self), targets_(core.shards()) {}

  void add(routing::ShardId target, Letter letter, std::size_t bytes) {
    targets_[target].letters.push_back(std::move(letter));
    targets_[target].bytes += bytes;
    pending_ |= std::uint64_t{1} << target;
  }
  /// Whether this shard's backlog towards `target` is over the limit, what was posted and what was not.
  bool full(routing::ShardId target) const { return core_.mailbox(target).full(targets_[target].bytes); }
  bool empty() const { return pending_ == 0; }
  /// At the end of the turn: one post, and at most one wake, per target.  Returns how many letters went.
  std::size_t post_all();

 private:
  struct Target {
    std::vector<Letter> letters;
    std::size_t bytes = 0;
  };
  Core& core_;
  routing::ShardId self_;
  std::uint64_t pending_ = 0;  // bit per target with letters
  std::vector<Target> targets_;
};

}  // namespace tombo::broker
