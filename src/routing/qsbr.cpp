#include "routing/qsbr.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <array>

namespace tombo::routing {

Qsbr::Qsbr(unsigned shards) : seen_(shards) {
  TOMBO_ASSERT(shards <= kShardsMax);
}

Qsbr::~Qsbr() {
  for (const Retired& retired : limbo_) retired.destroy(retired.object);
}

void Qsbr::quiescent(ShardId shard) {
  auto& seen = seen_[shard].epoch;
  const std::uint64_t before = seen.load(std::memory_order_relaxed);
  if (before == kOffline) return online(shard);
  const std::uint64_t now = global_.load(std::memory_order_acquire);
  // Mostly nothing was retired; then the line stays unwritten and the collector's copy of it valid.
  if (before != now) seen.store(now, std::memory_order_release);
}

void Qsbr::offline(ShardId shard) {
  seen_[shard].epoch.store(kOffline, std::memory_order_release);
}

void Qsbr::online(ShardId shard) {
  // A collector that still took us for asleep has advanced `global_` before it looked; then the second look sees
  // that and we go round again, so we never read what that collector frees.
  std::uint64_t now = global_.load(std::memory_order_seq_cst);
  for (;;) {
    seen_[shard].epoch.store(now, std::memory_order_seq_cst);
    const std::uint64_t again = global_.load(std::memory_order_seq_cst);
    if (again == now) return;
    now = again;
  }
}

void Qsbr::retire(void* object, void (*destroy)(void*)) {
  bool batch_full = false;
  {
    std::lock_guard lock(mutex_);
    limbo_.push_back({object, destroy, 0});
    waiting_.store(limbo_.size(), std::memory_order_relaxed);
    batch_full = ++unstamped_ >= kBatch;
  }
  // Twice of what came in, so that a backlog shrinks; bounded, so that no writer pays for all.
  if (batch_full) collect(2 * kBatch);
}

void Qsbr::collect(std::size_t budget) {
  std::array<Retired, kBatch> due;
  while (budget > 0) {
    std::size_t taken = 0;
    {
      std::lock_guard lock(mutex_);
      if (limbo_.empty()) return;
      if (unstamped_ > 0) {
        const std::uint64_t epoch = global_.fetch_add(1, std::memory_order_seq_cst) + 1;
        for (auto it = limbo_.end() - static_cast<std::ptrdiff_t>(unstamped_); it != limbo_.end(); ++it) {
          it->epoch = epoch;
        }
        unstamped_ = 0;
      }
      taken = take_due(seen_by_all(), due.data(), std::min(budget, due.size()));
    }
    for (std::size_t i = 0; i < taken; ++i) due[i].destroy(due[i].object);
    if (taken < due.size()) return;
    budget -= taken;
  }
}

std::uint64_t Qsbr::seen_by_all() const {
  std::uint64_t least = ~std::uint64_t{0};
  for (const Seen& seen : seen_) {
    const std::uint64_t epoch = seen.epoch.load(std::memory_order_seq_cst);
    if (epoch != kOffline) least = std::min(least, epoch);
  }
  return least;
}

std::size_t Qsbr::take_due(std::uint64_t seen, Retired* out, std::size_t max) {
  std::size_t taken = 0;
  while (taken < max && !limbo_.empty() && limbo_.front().epoch <= seen) {
    out[taken++] = limbo_.front();
    limbo_.pop_front();
  }
  waiting_.store(limbo_.size(), std::memory_order_relaxed);
  return taken;
}

}  // namespace tombo::routing
