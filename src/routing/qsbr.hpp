#pragma once

#include "routing/ids.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace tombo::routing {

/// Reclaims memory that readers without locks may still look at: a thing retired by a writer is freed when every
/// shard that is awake has passed a quiescent point since (each loop turn is one).  A shard that sleeps is offline
/// and holds nobody up.  All shards begin offline.  Several structures may share one: the list of what waits has a
/// lock of its own, which readers never take.
/// Lives on: readers' calls on the shard they name, retire() and collect() on any thread.
class Qsbr {
 public:
  explicit Qsbr(unsigned shards);
  ~Qsbr();  // frees what is left; no reader may be active
  Qsbr(const Qsbr&) = delete;
  Qsbr& operator=(const Qsbr&) = delete;

  /// Between two loop turns: this shard holds no pointer from before.  Wakes a shard that was offline.
  void quiescent(ShardId shard);
  /// Before going to sleep and after waking up.
  void offline(ShardId shard);
  void online(ShardId shard);

  /// Frees `object` with `destroy` once no reader can see it; it has been unlinked before.  Now and then this frees
  /// some that were retired earlier, so that a long run of removals does not pile up.  `destroy` must not call back.
  void retire(void* object, void (*destroy)(void*));
  /// Frees at most `budget` retired objects whose time has come.
  void collect(std::size_t budget = 256);
  /// Bytes are the caller's business; this counts objects waiting.
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t kOffline = 0;
  static constexpr std::size_t kBatch = 64;  // retired objects that share an epoch

  struct alignas(64) Seen {
    std::atomic<std::uint64_t> epoch{kOffline};
  };
  struct Retired {
    void* object;
    void (*destroy)(void*);
    std::uint64_t epoch;
  };
  /// The epoch that every shard awake has seen.
  std::uint64_t seen_by_all() const;
  std::size_t take_due(std::uint64_t seen, Retired* out, std::size_t max);

  alignas(64) std::atomic<std::uint64_t> global_{1};
  std::vector<Seen> seen_;
  std::mutex mutex_;           // protects the three below
  std::deque<Retired> limbo_;  // oldest first
  std::size_t unstamped_ = 0;  // the last ones, which have no epoch yet
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace tombo::routing
