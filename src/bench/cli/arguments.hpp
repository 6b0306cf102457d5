#pragma once

#include "bench/plan/plan.hpp"
#include "bench/report/output.hpp"

#include <string>

namespace tombo::bench {

/// What the command line said.
struct Arguments {
  Plan plan;
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
