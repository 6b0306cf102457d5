#pragma once

#include "base/result.hpp"
#include "bench/plan/plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::bench::coordinate {

/// What one worker does of a run.
struct Share {
  Topology topology = Topology::pairs;
  std::string topic;
  std::string run_word;
  std::uint32_t publishers = 0;
  std::uint32_t subscribers = 0;
  std::uint32_t connections = 0;
  std::uint32_t first_client = 0;
  double churn_per_s = 0;
  double connects_per_s = 0;
  double rate = 0;
  double ramp_down_s = 0;
};

/// How the run is cut: workers that have both ends of what they send (pairs and the like), or one with all
/// subscribers and others with the publishers (fan-in, fan-out, shared).
struct Split {
  std::vector<Share> shares;  // one for each worker
  bool by_role = false;
};

/// The error is one line for a person: this run cannot be cut, or not into so many.
Result<Split, std::string> split(const Plan& plan, std::uint32_t workers, const std::string& run_word);

Plan with_share(Plan plan, const Share& share);

}  // namespace tombo::bench::coordinate
