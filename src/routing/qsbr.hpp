#pragma once

#include "routing/ids.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace tombo::routing {

/// Reclaims memory that readers without locks may still look at: a thing retired by a writer is freed when every
/// shard that is awake has passed a quiescent point since (each loop turn is one).  A shard that sleeps is offline
/// and holds nobody up.
/// Lives on: readers' calls on the shard they name, retire() and collect() under one writer's lock.
class Qsbr {
 public:
  explicit Qsbr(unsigned shards);
  ~Qsbr();  // frees what is left; no reader may be active

  /// Between two loop turns: this shard holds no pointer from before.
  void quiescent(ShardId shard);
  /// Before going to sleep and after waking up.
  void offline(ShardId shard);
  void online(ShardId shard);

  /// Frees `object` with `destroy` once no reader can see it.
  void retire(void* object, void (*destroy)(void*));
  /// Frees at most `budget` retired objects whose time has come.
  void collect(std::size_t budget = 256);
  /// Bytes are the caller's business; this counts objects waiting.
  std::size_t waiting() const;

 private:
  struct alignas(64) Seen {
    std::atomic<std::uint64_t> epoch{0};
  };
  struct Retired {
    void* object;
    void (*destroy)(void*);
    std::uint64_t epoch;
  };

  std::atomic<std::uint64_t> global_{1};
  std::vector<Seen> seen_;
  std::vector<Retired> limbo_;  // oldest first
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace tombo::routing
