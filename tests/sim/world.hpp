#pragma once

#include "sim/late_auth.hpp"
#include "sim/link.hpp"
#include "sim/model.hpp"
#include "sim/plan.hpp"
#include "sim/rng.hpp"
#include "sim/sim_client.hpp"
#include "sim/trace.hpp"
#include "support/virtual_broker.hpp"

#include <cstdint>
#include <memory>
#include <string>
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
  void check_drops();
  void check_retained();
  std::int64_t clock_ms() const;

  const Plan& plan_;
  Trace& trace_;
  Rng rng_;
  LateAuth auth_;
  test::VirtualBroker broker_;
  Model model_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Link*> open_;  // links that may still move something
  std::vector<int> connection_of_link_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  Tick tick_ = 0;
  bool steady_subscribed_ = false;
};

}  // namespace tombo::sim
