// tombo_sim [--seeds N] [--first S] [--seed S] [--trace]: runs the simulation of seed after seed, stops at the first
// that shows a violation, and says how to see it again.

#include "sim/world.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t seeds = 200;
  bool trace = false;
  bool keep_going = false;
};

bool read(int argc, char** argv, Arguments& out) {
  if (const char* seeds = std::getenv("TOMBO_SIM_SEEDS")) out.seeds = std::strtoull(seeds, nullptr, 10);
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (std::strcmp(argv[i], "--trace") == 0) {
      out.trace = true;
    } else if (std::strcmp(argv[i], "--keep-going") == 0) {
      out.keep_going = true;
    } else if (more && std::strcmp(argv[i], "--seeds") == 0) {
      out.seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (more && std::strcmp(argv[i], "--first") == 0) {
      out.first = std::strtoull(argv[++i], nullptr, 10);
    } else if (more && std::strcmp(argv[i], "--seed") == 0) {
      out.first = std::strtoull(argv[++i], nullptr, 10);
      out.seeds = 1;
    } else {
      return false;
    }
  }
  return out.seeds != 0;
}

void report(std::uint64_t seed, const tombo::sim::Outcome& outcome) {
  std::printf("\nseed %llu: %s\n  world: %s\n  trace: %llu events, hash %016llx; the last ones:\n",
              static_cast<unsigned long long>(seed), outcome.violation.c_str(), outcome.plan.c_str(),
              static_cast<unsigned long long>(outcome.events), static_cast<unsigned long long>(outcome.hash));
  for (const auto& line : outcome.last) std::printf("    %s\n", line.c_str());
  std::printf("  see it again: tombo_sim --seed %llu --trace\n", static_cast<unsigned long long>(seed));
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!read(argc, argv, arguments)) {
    std::fprintf(stderr, "usage: tombo_sim [--seeds N] [--first S] [--seed S] [--trace] [--keep-going]\n");
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  std::size_t receptions = 0;
  std::size_t obligations = 0;
  std::size_t crashes = 0;
  std::size_t kept = 0;
  std::size_t disk_errors = 0;
  std::uint64_t hash = 0;
  unsigned failed = 0;
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    const auto outcome = tombo::sim::run_seed(seed, arguments.trace);
    receptions += outcome.receptions;
    obligations += outcome.obligations;
    crashes += outcome.crashes;
    kept += outcome.kept;
    disk_errors += outcome.disk_errors;
    hash = tombo::mix(hash ^ outcome.hash);
    if (outcome.ok) continue;
    ++failed;
    if (arguments.keep_going) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), outcome.violation.c_str());
      continue;
    }
    report(seed, outcome);
    return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf(
      "%llu seeds from %llu in %.1f s: %zu messages received, %zu that had to be; %zu crashes, %zu things that had to outlive "
      "one, %zu disk errors; %u seeds failed, hash %016llx\n",
      static_cast<unsigned long long>(arguments.seeds), static_cast<unsigned long long>(arguments.first), took.count(),
      receptions, obligations, crashes, kept, disk_errors, failed, static_cast<unsigned long long>(hash));
  return failed == 0 ? 0 : 1;
}
