#pragma once

#include "bench/plan/plan.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tombo::bench {

/// An option of a run.  The command line (`--NAME VALUE`) and scenario files (`NAME = VALUE`) have the same ones, from
/// the same table.
struct PlanOption {
  enum class Kind : std::uint8_t { flag, number, text };  // how TOML writes it; times and sizes may be either

  std::string_view name;
  std::string_view value;  // what stands for the value in a help text: "N", "SECONDS"; empty for a flag
  Kind kind;
  std::string_view what;  // one sentence
  /// Puts the value into the plan.  Returns what is wrong with it otherwise ("must be between 1 and 65535, not 'x'"),
  /// and leaves the plan as it was.
  std::optional<std::string> (*set)(Plan& plan, std::string_view text);
};

/// All of them, in the order in which they have to be set: `qos` comes before `publish-qos`, which is narrower.
std::span<const PlanOption> plan_options();
/// nullptr when there is none of that name; '_' stands for '-' too.
const PlanOption* find_option(std::string_view name);

/// "pairs", "fan-in", ...
std::string_view name_of(Topology topology);

}  // namespace tombo::bench
