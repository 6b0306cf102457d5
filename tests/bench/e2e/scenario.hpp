#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "connection.hpp"
#include "meter.hpp"

namespace tombo::bench {

/// What one run of one scenario gave: named numbers in the order they should be read.
struct Result {
  std::string scenario;
  std::vector<std::pair<std::string, double>> metrics;

  void add(std::string name, double value) { metrics.emplace_back(std::move(name), value); }
  /// Throws when there is no such metric.
  [[nodiscard]] double at(std::string_view name) const;
};

/// A running broker (or relay) and how long to load it.
struct RunContext {
  Target target;
  const ProcessMeter& meter;
  double seconds;
};

struct Scenario {
  const char* name;
  const char* description;
  bool relay;  ///< Makes sense against the bare relay.
  Result (*run)(const RunContext&);
  /// Times as many rounds: what hangs on single wake-ups moves more from run to run than what is batched.
  int rounds_factor = 1;
  bool when_named = false;  ///< Only runs when it is named.
};

/// Every scenario, in table order.
[[nodiscard]] std::span<const Scenario> scenarios();
/// Null when there is none of that name.
[[nodiscard]] const Scenario* find_scenario(std::string_view name);

// scenarios_flow.cpp: closed loops between few connections
Result run_qos0_batched(const RunContext&);
Result run_qos0_batched25(const RunContext&);
Result run_qos0_one(const RunContext&);
Result run_fanin(const RunContext&);
Result run_fanout(const RunContext&);
Result run_qos1_batched(const RunContext&);
Result run_qos2_batched(const RunContext&);
Result run_qos0_16k(const RunContext&);
Result run_share4(const RunContext&);

// scenarios_tables.cpp: large subscription and retained tables
Result run_match100(const RunContext&);
Result run_match100k(const RunContext&);
Result run_retained(const RunContext&);

// scenarios_sessions.cpp: many connections
Result run_connect(const RunContext&);
Result run_idle10k(const RunContext&);
Result run_idle5k(const RunContext&);

// scenarios_latency.cpp: open loops
Result run_latency(const RunContext&);
Result run_lowrate(const RunContext&);

}  // namespace tombo::bench
