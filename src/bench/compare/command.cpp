#include "bench/compare/command.hpp"

#include "bench/compare/table.hpp"
#include "bench/plan/scenario.hpp"
#include "bench/report/units.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <sys/utsname.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

namespace tombo::bench::compare {

namespace {

/// NAME=REST
std::optional<std::pair<std::string, std::string>> named(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) return std::nullopt;
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

std::string first_value(const char* file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    return colon == std::string::npos ? line
                                      : line.substr(std::min(line.find_first_not_of(" \t", colon + 1), line.size()));
  }
  return "?";
}

std::string describe_machine(unsigned rounds) {
  utsname system{};
  uname(&system);
  double load = 0;
  std::ifstream("/proc/loadavg") >> load;
  return fmt::format(
      "Measured {:%Y-%m-%d} with `tombo-bench compare`; medians of {} round{}, the brokers in turn, a fresh one for "
      "every "
      "number. {}, {} cores, {} {}; load average at the start {:.2f}.\n\n",
      fmt::gmtime(std::time(nullptr)), rounds, rounds == 1 ? "" : "s", first_value("/proc/cpuinfo", "model name"),
      std::thread::hardware_concurrency(), system.sysname, system.release, load);
}

class Comparison {
 public:
  Comparison(const Options& options, const Runner& run, const std::atomic<bool>& stop)
      : options_(options), run_(run), stop_(stop) {}

  int execute() {
    if (!read_options()) return static_cast<int>(ExitCode::bad_options);
    std::string markdown = describe_machine(options_.rounds);
    for (const Plan& plan : plans_) {
      ScenarioFigures& scenario = scenarios_.emplace_back();
      scenario.name = plan.name;
      for (unsigned round = 1; round <= options_.rounds; ++round) {
        for (const BrokerCommand& broker : brokers_) {
          if (!stop_) measure(plan, broker, round, scenario);
        }
      }
    }
    markdown += finish();
    if (!options_.outputs.quiet) fmt::print("{}", markdown);
    if (!options_.markdown_file.empty() && !(std::ofstream(options_.markdown_file) << markdown << std::flush)) {
      fmt::print(stderr, "cannot write {}\n", options_.markdown_file);
      worst_ = ExitCode::bad_options;
    }
    OutputOptions files = options_.outputs;
    files.quiet = true;
    for (const std::string& error : write_outputs(reports_, files)) {
      fmt::print(stderr, "{}\n", error);
      worst_ = ExitCode::bad_options;
    }
    return static_cast<int>(worst_);
  }

 private:
  bool wrong(const std::string& text) const {
    fmt::print(stderr, "{}\n", text);
    return false;
  }

  bool read_options() {
    if (options_.brokers.empty()) return wrong("compare: name at least one broker, --broker NAME=COMMAND");
    if (options_.rounds == 0) return wrong("compare: at least one round");
    for (const std::string& text : options_.brokers) {
      const auto broker = named(text);
      if (!broker) return wrong(fmt::format("compare: --broker is NAME=COMMAND, not '{}'", text));
      if (std::ranges::count(names_, broker->first) != 0)
        return wrong(fmt::format("compare: two brokers are called {}", broker->first));
      if (auto words = words_of(broker->second); !words)
        return wrong(fmt::format("compare: broker {}: {}", broker->first, words.error()));
      brokers_.push_back({broker->first, broker->second});
      names_.push_back(broker->first);
    }
    for (const std::string& text : options_.templates) {
      const auto file = named(text);
      if (!file || file->first.find_first_of("/.") != std::string::npos)
        return wrong(fmt::format("compare: --template is NAME=FILE, not '{}'", text));
      std::ifstream stream(file->second);
      if (!stream) return wrong(fmt::format("compare: cannot read {}", file->second));
      templates_[file->first] = {std::istreambuf_iterator<char>(stream), {}};
    }
    return read_scenario();
  }

  bool read_scenario() {
    Scenario scenario = load_scenario(options_.scenario_file);
    for (const Problem& problem : scenario.problems) wrong(to_text(problem));
    if (!scenario.ok()) return false;
    for (const std::string& name : options_.only) {
      if (std::ranges::count(scenario.plans, name, &Plan::name) == 0)
        return wrong(fmt::format("compare: {} has no run '{}'", options_.scenario_file, name));
    }
    for (Plan& plan : scenario.plans) {
      if (options_.only.empty() || std::ranges::count(options_.only, plan.name) != 0) plans_.push_back(std::move(plan));
    }
    return true;
  }

  /// One run against a broker that was started for it.
  void measure(const Plan& plan, const BrokerCommand& command, unsigned round, ScenarioFigures& scenario) {
    const bool plain = !plan.target.tls.on && !plan.target.websocket;
    auto started = BrokerProcess::start(command, templates_, plain, stop_);
    if (!started) {
      if (!stop_) failed(ExitCode::unreachable, fmt::format("{}, round {}: {}", plan.name, round, started.error()));
      return;
    }
    BrokerProcess& broker = **started;
    Plan against = plan;
    against.target.host = "127.0.0.1";
    against.target.port = broker.port();
    against.broker_pid = broker.pid();
    const double machine_before = machine_cpu_s(), own_before = own_cpu_s();
    const auto time_before = std::chrono::steady_clock::now();
    const TreeUse before = use_of_tree(broker.pid());
    RunResult result = run_(against, stop_, [](const Second&, const Report&) {});
    const TreeUse after = use_of_tree(broker.pid());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - time_before).count();
    const double others = machine_cpu_s() - machine_before - (own_cpu_s() - own_before) - (after.cpu_s - before.cpu_s);
    if (broker.has_ended())
      return failed(ExitCode::broken_off,
                    fmt::format("{}, {}, round {}: the broker ended during the run; it printed:\n{}", plan.name,
                                command.name, round, broker.output()));
    judge(result, fmt::format("{}, {}, round {}", plan.name, command.name, round));
    if (result.report.interrupted || (!result.errors.empty() && result.report.seconds.empty())) return;
    foreign_cores_.push_back(seconds > 0 ? others / seconds : 0);
    scenario.what = result.report.what;
    add_figures(scenario.figures, command.name, result.report, before, after);
    fmt::print(
        stderr, "{} · {} · round {}: {} a second\n", plan.name, command.name, round,
        with_commas(static_cast<std::uint64_t>(per_second(messages_of(result.report), result.report.measured_s))));
    result.report.plan_name = fmt::format("{} · {} · round {}", plan.name, command.name, round);
    reports_.push_back(std::move(result.report));
  }

  void judge(const RunResult& result, const std::string& where) {
    for (const RunError& error : result.errors) failed(error.code, fmt::format("{}: {}", where, error.text));
    if (!result.report.promise_kept) {
      const Faults& f = result.report.faults;
      failed(ExitCode::promise_broken, fmt::format("{}: {} lost, {} duplicated, {} reordered, {} corrupted", where,
                                                   f.lost, f.duplicated, f.reordered, f.corrupted));
    }
  }

  void failed(ExitCode code, std::string text) {
    fmt::print(stderr, "FAILED {}\n", text);
    failures_.push_back(std::move(text));
    // What never ran weighs more than a promise that was broken.
    if (worst_ == ExitCode::ok || worst_ == ExitCode::promise_broken) worst_ = code;
  }

  static std::uint64_t messages_of(const Report& r) {
    if (r.received != 0) return r.received;
    return r.sent != 0 ? r.sent : r.connects;
  }

  static void add_figures(Figures& figures, const std::string& broker, const Report& r, const TreeUse& before,
                          const TreeUse& after) {
    const std::uint64_t messages = messages_of(r);
    const bool connects = r.received == 0 && r.sent == 0;
    figures.add(broker, connects ? "connects a second" : "messages a second", Unit::per_s,
                per_second(messages, r.measured_s));
    // Of one process the engine knows exactly what the measured time cost; of several there is only the whole run.
    const std::uint64_t in_all = r.received_in_all != 0 ? r.received_in_all
                                 : r.sent_in_all != 0   ? r.sent_in_all
                                                        : r.connects;
    const bool alone = after.processes == 1 && r.broker.has_value();
    const double cpu_s = alone ? r.broker->cpu_s : after.cpu_s - before.cpu_s;
    const auto divisor = static_cast<double>(alone ? messages : in_all);
    if (divisor > 0)
      figures.add(broker, connects ? "broker CPU a connect" : "broker CPU a message", Unit::us, cpu_s * 1e6 / divisor);
    const Histogram& latency = r.latency.count() != 0      ? r.latency
                               : r.round_trip.count() != 0 ? r.round_trip
                                                           : r.connect;
    if (latency.count() != 0) {
      figures.add(broker, "latency p50", Unit::ns, static_cast<double>(latency.percentile_ns(50)));
      figures.add(broker, "latency p99", Unit::ns, static_cast<double>(latency.percentile_ns(99)));
    }
    figures.add(broker, "memory at the start", Unit::bytes, static_cast<double>(before.rss_bytes));
    figures.add(broker, "memory at the end", Unit::bytes, static_cast<double>(after.rss_bytes));
    for (const auto& [name, value] : r.figures) figures.add(broker, name, Unit::plain, value);
    if (messages > 0)
      figures.add(broker, "the tool's own CPU", Unit::us, r.tool.cpu_s * 1e6 / static_cast<double>(messages));
  }

  /// The table and what a reader must know beside it.
  std::string finish() {
    std::erase_if(scenarios_, [](const ScenarioFigures& s) { return s.figures.empty(); });
    std::string text = markdown_table(names_, scenarios_) + "\n";
    for (const ScenarioFigures& s : scenarios_) text += fmt::format("- {}: {}\n", s.name, s.what);
    if (!foreign_cores_.empty()) {
      text += fmt::format("\nOther processes used {:.2f} cores during the median run, {:.2f} at worst.\n",
                          median_of(foreign_cores_), std::ranges::max(foreign_cores_));
    }
    if (stop_) text += "\n**Interrupted**: the numbers are of what was measured until then.\n";
    for (const std::string& failure : failures_) text += fmt::format("\n**FAILED** {}\n", failure);
    return text;
  }

  const Options& options_;
  const Runner& run_;
  const std::atomic<bool>& stop_;
  std::vector<BrokerCommand> brokers_;
  std::vector<std::string> names_;
  Templates templates_;
  std::vector<Plan> plans_;
  std::vector<ScenarioFigures> scenarios_;
  std::vector<Report> reports_;
  std::vector<std::string> failures_;
  std::vector<double> foreign_cores_;
  ExitCode worst_ = ExitCode::ok;
};

}  // namespace

int run_compare(const Options& options, const Runner& run, const std::atomic<bool>& stop) {
  return Comparison(options, run, stop).execute();
}

}  // namespace tombo::bench::compare
