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

}  // namespace tombo::sim
