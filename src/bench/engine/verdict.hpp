#pragma once

#include "bench/engine/worker.hpp"

#include <memory>
#include <vector>

namespace tombo::bench::engine {

/// Adds up what the workers' clients have seen, when they have ended: faults, clients, problems, promise_kept.
void judge(const RunWide& run, const std::vector<std::unique_ptr<Worker>>& workers, Report& report);

}  // namespace tombo::bench::engine
