#include "bench/engine/run.hpp"

#include "bench/engine/conductor.hpp"

namespace tombo::bench {

RunResult run(const Plan& plan, const std::atomic<bool>& stop, const Observer& observer) {
  return engine::Conductor(plan, stop, observer).conduct();
}

}  // namespace tombo::bench
