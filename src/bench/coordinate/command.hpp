#pragma once

#include "bench/engine/run.hpp"
#include "bench/report/output.hpp"

#include <atomic>
#include <string>

namespace tombo::bench::coordinate {

struct Options {
  std::string listen = "127.0.0.1:4883";  // ADDR:PORT
  std::uint32_t workers = 2;
  std::string scenario_file;
  double wait_s = 60;  // for the workers to register
  double lead_s = 3;   // from the order to the common start: clients connect and subscribe in this time
  bool live = true;    // what the workers say each second
  OutputOptions outputs;
};

/// `tombo-bench coordinate`: waits for its workers, finds the offset of each one's clock, gives each its share of
/// every run of the scenario, starts them all in the same moment, and reports what they measured together.  Returns
/// the exit code.
int run_coordinator(const Options& options, const std::atomic<bool>& stop);

/// `tombo-bench worker ADDR:PORT`: does what the coordinator there says, until it says that it is over.
int run_worker(const std::string& address, const Runner& run, const std::atomic<bool>& stop);

}  // namespace tombo::bench::coordinate
