#include "sim/world.hpp"

#include <gtest/gtest.h>

namespace tombo::sim {

TEST(Simulation, RunsTheSameWhenItIsRunAgain) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Outcome first = run_seed(seed, false);
    const Outcome again = run_seed(seed, false);
    EXPECT_EQ(first.hash, again.hash);
    EXPECT_EQ(first.events, again.events);
    EXPECT_EQ(first.violation, again.violation);
  }
}

TEST(Simulation, RunsDifferentlyWithAnotherSeed) {
  EXPECT_NE(run_seed(1, false).hash, run_seed(2, false).hash);
}

TEST(Simulation, IsAboutManyMessages) {
  std::size_t receptions = 0;
  std::size_t obligations = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome outcome = run_seed(seed, false);
    receptions += outcome.receptions;
    obligations += outcome.obligations;
  }
  EXPECT_GT(receptions, 2000u);
  EXPECT_GT(obligations, 1000u);
}

TEST(Simulation, BrokersDieAndWhatTheyPromisedIsThere) {
  std::size_t crashes = 0;
  std::size_t kept = 0;
  std::size_t disk_errors = 0;
  unsigned replayed = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Outcome outcome = run_seed(seed, false);
    EXPECT_TRUE(outcome.ok) << "seed " << seed << ": " << outcome.violation;
    crashes += outcome.crashes;
    kept += outcome.kept;
    disk_errors += outcome.disk_errors;
    if (outcome.crashes < 3 || ++replayed > 3) continue;
    EXPECT_EQ(run_seed(seed, false).hash, outcome.hash) << "seed " << seed;
  }
  EXPECT_GT(crashes, 30u);
  EXPECT_GT(kept, 1000u);
  EXPECT_GT(disk_errors, 10u);
  EXPECT_GE(replayed, 3u);
}

}  // namespace tombo::sim
