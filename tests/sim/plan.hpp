#pragma once

#include "config/options.hpp"
#include "sim/rng.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tombo::sim {

/// What kind of world a seed makes: drawn once, before anything happens.
struct Plan {
  std::uint64_t seed = 0;
  unsigned shards = 1;
  unsigned clients = 4;  // publish and subscribe plainly
  unsigned workers = 0;  // members of shared subscriptions
  unsigned steps = 2000;
  bool lossy = false;  // small queues: messages may be dropped, and each drop must have been counted
  bool late_verdicts = false;
  unsigned faults = 2;  // percent of the steps
  unsigned leaps = 10;  // percent of the clock's steps that are long
  // Worlds with a store.
  bool durable = false;
  unsigned store_pace = 20;     // percent of the steps that are the store's
  unsigned crashes = 0;         // of 10,000 steps
  unsigned disk_troubles = 0;   // likewise
  bool steady_survives = true;  // the first client has a session that does
  config::Options options;

  std::string text() const;

 private:
  std::string text_without_store() const;
};
Plan make_plan(std::uint64_t seed);

/// What the authenticator of some worlds refuses: publishing to and subscribing to "deny/...".
inline bool is_denied(std::string_view topic) {
  return topic.starts_with("deny/");
}

}  // namespace tombo::sim
