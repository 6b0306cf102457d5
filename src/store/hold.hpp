#pragma once

#include "base/ref.hpp"

#include <atomic>
#include <cstdint>

namespace tombo::store {

/// What an acknowledgement waits for: held once for each record that must be durable first, and for each shard that may
/// still add some.  Whoever takes the last hold away tells the shard that it belongs to.
/// Lives on: any shard; `owner` on its shard.
class Hold {
 public:
  Hold(unsigned of_shard, void* of_owner, std::uint64_t of_publish) : owner(of_owner), shard(of_shard), publish(of_publish) {}

  void take() const { open_.fetch_add(1, std::memory_order_relaxed); }
  /// True if that was the last one: nothing is waited for any more.
  bool let_go() const { return open_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  bool held() const { return open_.load(std::memory_order_acquire) != 0; }

  void add_ref() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  mutable void* owner;                  // who waits, as that shard knows it; null when it has gone
  const unsigned shard;                 // of the owner
  const std::uint64_t publish;          // names the publish among all shards' (see Part); 0: parts need not go together
  mutable std::uint32_t parts = 0;      // of the publish; set before any letter leaves
  // A delivery of one of the shard's sessions that another one takes over, instead of an owner; seq 0: none.
  mutable std::uint32_t slot = 0;
  mutable std::uint32_t generation = 0;
  mutable std::uint64_t seq = 0;

 private:
  mutable std::atomic<std::uint32_t> open_{1};
  mutable std::atomic<std::uint32_t> references_{1};
};

}  // namespace tombo::store
