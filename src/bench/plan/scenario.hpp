#pragma once

#include "bench/plan/plan.hpp"
#include "bench/plan/problem.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench {

/// The runs of a scenario file, or everything that is wrong with it.
struct Scenario {
  std::vector<Plan> plans;
  std::vector<Problem> problems;  // not empty: do not use the plans
  bool ok() const { return problems.empty(); }
};

/// A scenario file is TOML: a [[run]] for each run, with the options of the command line as keys, and a [defaults]
/// table for what they share.  Options that the file does not name come from `base`.
Scenario load_scenario(const std::string& path, const Plan& base = {});
/// The same from memory; `name` stands for the file in problems.
Scenario parse_scenario(std::string_view text, const std::string& name, const Plan& base = {});

}  // namespace tombo::bench
