#pragma once

#include "bench/engine/run.hpp"
#include "bench/report/output.hpp"

#include <atomic>
#include <string>

namespace tombo::bench::loader {

/// `tombo-bench loader -c FILE`: reads the file, runs it, prints in MQTTLoader's format on stdout (its log lines on
/// stderr) and writes its CSV record and the outputs asked for beside.  Returns the exit code.
int run_loader(const std::string& config_file, const OutputOptions& outputs, const Runner& run,
               const std::atomic<bool>& stop);

}  // namespace tombo::bench::loader
