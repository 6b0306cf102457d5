#pragma once

#include "bench/compare/broker_process.hpp"
#include "bench/engine/run.hpp"
#include "bench/report/output.hpp"

#include <atomic>
#include <string>
#include <vector>

namespace tombo::bench::compare {

struct Options {
  std::vector<std::string> brokers;    // NAME=COMMAND
  std::vector<std::string> templates;  // NAME=FILE
  std::string scenario_file;
  std::vector<std::string> only;  // names of runs; empty: all
  unsigned rounds = 3;
  std::string markdown_file;  // empty: standard output only
  OutputOptions outputs;      // every single run, beside the table
};

/// `tombo-bench compare`: each run of the scenario against each broker in turn (A B A B), a fresh broker every time;
/// medians and ratios as one Markdown table.  Returns the exit code: the worst of all runs.
int run_compare(const Options& options, const Runner& run, const std::atomic<bool>& stop);

}  // namespace tombo::bench::compare
