#pragma once

#include "sim/late_auth.hpp"
#include "sim/link.hpp"
#include "sim/model.hpp"
#include "sim/plan.hpp"
#include "sim/remains.hpp"
#include "sim/rng.hpp"
#include "sim/sim_client.hpp"
#include "sim/sim_disk.hpp"
#include "sim/trace.hpp"
#include "support/virtual_broker.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::sim {

/// What came of one seed.
struct Outcome {
  bool ok = true;
  std::string violation;
  std::uint64_t hash = 0;    // of the whole trace
  std::uint64_t events = 0;  // lines of the trace
  std::size_t receptions = 0;
  std::size_t obligations = 0;    // messages that had to arrive
  unsigned crashes = 0;
  std::size_t kept = 0;           // messages, sessions, subscriptions, retained messages that had to outlive a crash
  std::size_t disk_errors = 0;
  std::vector<std::string> last;  // lines of the trace
  std::string plan;
};

/// Runs the world of one seed from beginning to end.
Outcome run_seed(std::uint64_t seed, bool print_trace);

/// A broker of several shards, clients, and a network between them; one thread, every choice drawn from the seed.
class World {
 public:
  World(const Plan& plan, Trace& trace);

  void run();
  const Model& model() const { return model_; }
  const SimDisk& disk() const { return disk_; }

 private:
  void step();
  void turn(unsigned shard);
  void tell(Link& link);
  void client_step(SimClient& client);
  void connect(SimClient& client);
  void advance_clock();
  void make_trouble();
  void come_to_rest();
  bool drain_round();
  void count_drops();
  void check_drops();
  void check_retained();
  std::int64_t clock_ms() const;
  // world_crash.cpp
  test::VirtualBroker::Setup setup();
  void start_broker();
  void store_work();
  void note_turn(unsigned shard);
  void trouble_the_disk();
  void crash();
  std::uint64_t number_of(std::string_view client_id) const;
  void note_number(int connection);
  void note_discarded();
  Remains look();
  Remains::Session look_at(broker::Shard& shard, broker::ClientSession& session) const;

  const Plan& plan_;
  Trace& trace_;
  Rng rng_;
  LateAuth auth_;
  SimDisk disk_;
  Model model_;
  // The world's clock is the wall's: a broker's own begins anew with each of them.
  std::int64_t began_ms_ = 0;
  std::int64_t clock_at_ms_ = 0;  // since then, when the present broker began
  std::int64_t ahead_ms_ = 0;     // of the present broker's
  std::unique_ptr<test::VirtualBroker> broker_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Link*> open_;  // links that may still move something
  std::vector<int> connection_of_link_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  Tick tick_ = 0;
  // For what the store has: turns of each shard whose records may not be handed over yet, and the last one before.
  struct Turn {
    Tick tick;
    std::int64_t clock_ms;
  };
  std::vector<std::deque<Turn>> turns_;
  std::vector<Tick> handed_over_;
  std::vector<std::uint64_t> dropped_;  // by reason, by brokers that are gone
  bool steady_subscribed_ = false;
};

}  // namespace tombo::sim
