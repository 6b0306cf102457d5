#pragma once

#include "bench/plan/plan.hpp"
#include "bench/report/report.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace tombo::bench {

/// Exit codes of tombo-bench; documented in docs/benchmarking.md and in --help.
enum class ExitCode : int {
  ok = 0,
  promise_broken = 1,  // lost, duplicated, reordered or corrupted beyond what the QoS allows
  bad_options = 2,     // command line or file
  unreachable = 3,     // nothing answers at that address
  refused = 4,         // CONNECT refused (password, client id, ...), or SUBSCRIBE refused
  tls = 5,             // handshake failed
  broken_off = 6,      // the broker closed connections during the run and --reconnect was not given
  internal = 70,
};

/// Why a run did not happen or did not end as planned.
struct RunError {
  ExitCode code = ExitCode::internal;
  std::string text;  // one line for a person
};

/// Told once a second, from the thread that called run().
using Observer = std::function<void(const Second&, const Report& so_far)>;

/// Executes the plan and blocks until it has ended or `stop` became true (then the report is of what was measured
/// until then, `interrupted`).
struct RunResult {
  Report report;
  std::vector<RunError> errors;  // empty: as planned; a run that never started has errors and an empty report
};
RunResult run(const Plan& plan, const std::atomic<bool>& stop, const Observer& observer);

/// run(), or what stands in for it in a test.
using Runner = std::function<RunResult(const Plan&, const std::atomic<bool>&, const Observer&)>;

/// What the tool ends with after this run: the first error's code, or whether the promise was kept.
inline ExitCode exit_code_of(const RunResult& result) {
  if (!result.errors.empty()) return result.errors.front().code;
  return result.report.promise_kept ? ExitCode::ok : ExitCode::promise_broken;
}

}  // namespace tombo::bench
