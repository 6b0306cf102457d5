#include "bench/cli/arguments.hpp"
#include "bench/cli/stop_signal.hpp"
#include "bench/engine/run.hpp"
#include "bench/report/live_line.hpp"

#include <cstdio>

namespace {

using namespace tombo::bench;

/// Runs the plan, prints what came of it and gives the exit code.
int run_and_report(const Arguments& arguments) {
  const StopSignal stop;
  LiveLine live(stderr, LiveLine::is_terminal(stderr));
  const Observer observer = [&](const Second& second, const Report& so_far) {
    if (arguments.live) live.show(second, so_far);
  };
  const RunResult result = run(arguments.plan, stop.flag(), observer);
  live.end();

  ExitCode code = result.report.promise_kept ? ExitCode::ok : ExitCode::promise_broken;
  if (!result.report.what.empty()) {
    for (const std::string& problem : write_outputs(result.report, arguments.output)) {
      std::fprintf(stderr, "tombo-bench: %s\n", problem.c_str());
      code = ExitCode::bad_options;
    }
  }
  for (const RunError& error : result.errors) std::fprintf(stderr, "tombo-bench: %s\n", error.text.c_str());
  if (!result.errors.empty()) code = result.errors.front().code;
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  std::fputs(arguments.out.c_str(), stdout);
  std::fputs(arguments.err.c_str(), stderr);
  if (arguments.ends) return arguments.exit_code;
  return run_and_report(arguments);
}
