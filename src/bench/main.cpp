#include "bench/cli/arguments.hpp"
#include "bench/cli/stop_signal.hpp"
#include "bench/compare/command.hpp"
#include "bench/coordinate/command.hpp"
#include "bench/engine/run.hpp"
#include "bench/loader/command.hpp"
#include "bench/plan/scenario.hpp"
#include "bench/report/live_line.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace {

using namespace tombo::bench;

/// Runs the plans one after the other, prints what came of them and gives the exit code: the first that is not 0.
int run_plans(const std::vector<Plan>& plans, const Arguments& arguments, const std::atomic<bool>& stop) {
  std::vector<Report> reports;
  ExitCode code = ExitCode::ok;
  LiveLine live(stderr, LiveLine::is_terminal(stderr));
  const Observer observer = [&](const Second& second, const Report& so_far) {
    if (arguments.live) live.show(second, so_far);
  };
  for (const Plan& plan : plans) {
    if (stop && !reports.empty()) break;
    RunResult result = run(plan, stop, observer);
    live.end();
    for (const RunError& error : result.errors) std::fprintf(stderr, "tombo-bench: %s\n", error.text.c_str());
    if (code == ExitCode::ok) code = exit_code_of(result);
    if (!result.report.what.empty()) reports.push_back(std::move(result.report));
  }
  if (reports.empty()) return static_cast<int>(code);
  for (const std::string& problem : write_outputs(reports, arguments.output)) {
    std::fprintf(stderr, "tombo-bench: %s\n", problem.c_str());
    if (code == ExitCode::ok) code = ExitCode::bad_options;
  }
  return static_cast<int>(code);
}

int run_file(const Arguments& arguments, const std::atomic<bool>& stop) {
  const Scenario scenario = load_scenario(arguments.file, arguments.plan);
  for (const Problem& problem : scenario.problems) std::fprintf(stderr, "%s\n", to_text(problem).c_str());
  if (!scenario.ok()) return static_cast<int>(ExitCode::bad_options);
  return run_plans(scenario.plans, arguments, stop);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse_arguments(argc, argv);
  std::fputs(arguments.out.c_str(), stdout);
  std::fputs(arguments.err.c_str(), stderr);
  if (arguments.ends) return arguments.exit_code;

  const StopSignal stop;
  switch (arguments.command) {
    case Arguments::Command::run_file:
      return run_file(arguments, stop.flag());
    case Arguments::Command::loader:
      return loader::run_loader(arguments.file, arguments.output, run, stop.flag());
    case Arguments::Command::compare:
      return compare::run_compare(arguments.compare, run, stop.flag());
    case Arguments::Command::coordinate:
      return coordinate::run_coordinator(arguments.coordinate, stop.flag());
    case Arguments::Command::worker:
      return coordinate::run_worker(arguments.coordinator, run, stop.flag());
    case Arguments::Command::run_plan:
      return run_plans({arguments.plan}, arguments, stop.flag());
  }
  return static_cast<int>(ExitCode::internal);
}
