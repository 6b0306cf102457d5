#pragma once

#include "auth/audit.hpp"
#include "auth/authenticator.hpp"
#include "base/clock.hpp"
#include "base/current.hpp"
#include "base/log.hpp"
#include "broker/bridge_figures.hpp"
#include "broker/counters.hpp"
#include "broker/directory.hpp"
#include "broker/loop_guard.hpp"
#include "broker/mailbox.hpp"
#include "broker/penalties.hpp"
#include "config/options.hpp"
#include "routing/qsbr.hpp"
#include "routing/retained_store.hpp"
#include "routing/topic_tree.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::plugin {
class Events;
}  // namespace tombo::plugin

namespace tombo::store {
class Store;
}  // namespace tombo::store

namespace tombo::broker {

/// What all shards of a broker share: nothing here is touched by an ordinary PUBLISH but the topic tree, which is read
/// without locks, and mailboxes, once per turn.
/// Lives on: any shard.
class Core {
 public:
  struct Parts {
    unsigned shards = 1;
    std::shared_ptr<const config::Options> options;
    std::uint64_t seed = 0;  // of the hashes; random in production, fixed in a simulation
    log::Logger logger;
    const Clock* clock = nullptr;
    auth::Authenticator* authenticator = nullptr;  // outlives the core
    std::string version;
    std::uint64_t epoch = 0;  // of the store: counts its starts
  };
  explicit Core(Parts parts);
  ~Core();

  unsigned shards() const { return static_cast<unsigned>(mailboxes_.size()); }
  Mailbox& mailbox(routing::ShardId shard) { return *mailboxes_[shard]; }
  ShardCounters& counters(routing::ShardId shard) { return *counters_[shard]; }
  const ShardCounters& counters(routing::ShardId shard) const { return *counters_[shard]; }

  /// The shard for a session that has none yet.  The one function that holds the placement policy.
  routing::ShardId place(std::string_view client_id, const config::Options& options) const;
  /// The same for fill_first, where the client id does not matter: the first shard that is not busy, else the least
  /// busy one.
  routing::ShardId fill_next(const config::Options& options) const;

  /// Bytes that count towards the memory ceiling.
  std::uint64_t memory_used() const;

  /// Adds one number over all shards.
  template <class Member>
  std::uint64_t sum(Member member) const {
    std::uint64_t total = 0;
    for (const auto& counters : counters_) total += (counters.get()->*member).get();
    return total;
  }
  std::uint64_t dropped(Drop reason) const;
  /// Percent of one core during the last second or so; 0 for a shard that sleeps.
  std::uint32_t load_of(unsigned shard) const;

  /// A client id that nobody has, with this beginning.
  std::string make_client_id(std::string_view prefix);

  std::shared_ptr<const config::Options> first_options() const { return first_options_; }
  const Clock& clock() const { return *clock_; }
  const log::Logger& logger() const { return logger_; }
  auth::Authenticator& authenticator() { return *authenticator_; }
  const std::string& version() const { return version_; }
  MonoTime started() const { return started_; }
  std::uint64_t random_seed() const { return seed_; }
  std::uint64_t epoch() const { return epoch_; }

 private:
  routing::ShardId least_loaded() const;

  std::shared_ptr<const config::Options> first_options_;
  log::Logger logger_;
  const Clock* clock_;
  auth::Authenticator* authenticator_;
  std::string version_;
  MonoTime started_;
  std::uint64_t seed_;
  std::uint64_t epoch_;
  std::atomic<std::uint64_t> next_client_id_{0};
  // Counters first: messages name them until the last queue and the retained store are gone.
  std::vector<std::unique_ptr<ShardCounters>> counters_;
  std::vector<std::unique_ptr<Mailbox>> mailboxes_;

 public:
  Directory directory;
  routing::Qsbr qsbr;
  routing::TopicTree tree;
  routing::RetainedStore retained;
  Penalties penalties;
  LoopGuard loops;
  /// Connections of all bridges, in their order; replaced as a whole.
  Current<BridgeList> bridges;
  auth::Audit audit;
  store::Store* store = nullptr;  // set before the shards run; none: nothing survives
  plugin::Events* events = nullptr;  // set before the shards run, outlives them; none: no plugin wants to hear of anything
  std::atomic<std::uint64_t> sessions_numbered{0};  // in the store, since the start
  std::atomic<std::uint32_t> connections{0};  // open, CONNECT accepted or not
  std::atomic<bool> draining{false};          // as the shards were last told
  /// fill_first: the shard that accepts connections now, and keeps those whose sessions are new; -1: not decided by
  /// who accepts.  Written by the loop that opens its doors.
  std::atomic<std::int16_t> accepts_here{-1};
};

}  // namespace tombo::broker
