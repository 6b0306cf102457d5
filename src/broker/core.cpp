#include "broker/core.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::broker {

namespace {
/// A load is measured over about so long.
constexpr Milliseconds kLoadPeriod{1000};

routing::RetainedLimits retained_limits(const config::Limits& limits) {
  return {limits.retained_messages_max, limits.retained_bytes_max};
}
}  // namespace

Core::Core(Parts parts)
    : first_options_(std::move(parts.options)),
      logger_(parts.logger),
      clock_(parts.clock),
      authenticator_(parts.authenticator),
      version_(std::move(parts.version)),
      started_(clock_->mono()),
      seed_(parts.seed),
      epoch_(parts.epoch),
      directory(mix(parts.seed + 1)),
      qsbr(parts.shards),
      tree(qsbr, mix(parts.seed + 2)),
      retained(retained_limits(first_options_->limits), mix(parts.seed + 3)),
      penalties(first_options_->defence),
      audit(logger_.for_module(log::Module::auth), first_options_->acl) {
  for (unsigned i = 0; i < parts.shards; ++i) {
    counters_.push_back(std::make_unique<ShardCounters>());
    mailboxes_.push_back(std::make_unique<Mailbox>(first_options_->limits.mailbox_bytes_max));
  }
}

Core::~Core() = default;

std::uint32_t Core::load_of(unsigned shard) const {
  // A shard measures its load when it turns; one that has slept ever since has none.
  const auto stale_before = (clock_->mono() - kLoadPeriod).time_since_epoch().count();
  const auto& counters = *counters_[shard];
  const bool stale = counters.last_turn_ms.load(std::memory_order_relaxed) < stale_before;
  return stale && mailboxes_[shard]->asleep() ? 0 : counters.load_percent.load(std::memory_order_relaxed);
}

routing::ShardId Core::least_loaded() const {
  const auto rank = [&](unsigned shard) { return std::pair{load_of(shard), counters_[shard]->sessions.get()}; };
  unsigned best = 0;
  for (unsigned shard = 1; shard < shards(); ++shard) {
    if (rank(shard) < rank(best)) best = shard;
  }
  return static_cast<routing::ShardId>(best);
}

routing::ShardId Core::fill_next(const config::Options& options) const {
  for (unsigned shard = 0; shard < shards(); ++shard) {
    if (load_of(shard) < options.spill_load_percent) return static_cast<routing::ShardId>(shard);
  }
  return least_loaded();
}

routing::ShardId Core::place(std::string_view client_id, const config::Options& options) const {
  switch (options.placement) {
    case config::Placement::hash: return static_cast<routing::ShardId>(directory.hash(client_id) % shards());
    case config::Placement::fill_first: return fill_next(options);
    case config::Placement::least_loaded: return least_loaded();
  }
  return 0;
}

std::uint64_t Core::memory_used() const {
  std::int64_t used = 0;
  for (unsigned i = 0; i < shards(); ++i) {
    used += counters_[i]->messages.bytes();
    used += static_cast<std::int64_t>(counters_[i]->connection_bytes.get() + mailboxes_[i]->bytes());
  }
  return static_cast<std::uint64_t>(std::max<std::int64_t>(used, 0));
}

std::uint64_t Core::dropped(Drop reason) const {
  std::uint64_t total = 0;
  for (const auto& counters : counters_) total += counters->dropped[static_cast<std::size_t>(reason)].get();
  return total;
}

std::string Core::make_client_id(std::string_view prefix) {
  while (true) {
    const std::uint64_t number = next_client_id_.fetch_add(1, std::memory_order_relaxed);
    std::string id = fmt::format("{}{:016x}", prefix, mix(seed_ ^ mix(number + 3)));
    routing::ShardId home;
    if (!directory.find(id, home)) return id;
  }
}

}  // namespace tombo::broker
