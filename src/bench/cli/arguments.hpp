#pragma once

#include "bench/compare/command.hpp"
#include "bench/coordinate/command.hpp"
#include "bench/plan/plan.hpp"
#include "bench/report/output.hpp"

#include <cstdint>
#include <string>

namespace tombo::bench {

/// What the command line said.
struct Arguments {
  enum class Command : std::uint8_t { run_plan, run_file, loader, compare, coordinate, worker };

  Command command = Command::run_plan;
  Plan plan;         // run_plan; run_file: what the file does not name
  std::string file;  // run_file, loader
  compare::Options compare;
  coordinate::Options coordinate;
  std::string coordinator;  // worker: its ADDR:PORT
  OutputOptions output;
  bool live = true;  // a line per second

  // The command line ends here: help, or a mistake.
  bool ends = false;
  int exit_code = 0;
  std::string out;
  std::string err;
};

Arguments parse_arguments(int argc, const char* const* argv);

}  // namespace tombo::bench
