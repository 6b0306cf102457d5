#include "compare.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "way.hpp"

namespace tombo::bench {
namespace {

constexpr Scenario kScenarios[] = {
    {"qos0_batched", "QoS 0, 10 pairs, window 100, written at 25 of credit", true, run_qos0_batched},
    {"qos0_batched25", "the same, but never more than 25 in one write", true, run_qos0_batched25},
    {"qos0_one", "QoS 0, 10 pairs, one message at a time", true, run_qos0_one},
    {"fanin", "QoS 0, 50 publishers to 1 subscriber, window 20", true, run_fanin},
    {"fanout", "QoS 0, 1 publisher to 100 subscribers, window 20", true, run_fanout},
    {"qos1_batched", "QoS 1, else as qos0_batched", false, run_qos1_batched},
    {"qos2_batched", "QoS 2, else as qos0_batched", false, run_qos2_batched},
    {"qos0_16k", "QoS 0, 10 pairs, 16 KiB payloads, window 10", true, run_qos0_16k},
    {"share4", "QoS 0, 10 publishers to a shared group of 4, batched", false, run_share4},
    {"match100", "QoS 0 batched, 100 clients with 100 filters in all", false, run_match100},
    {"match100k", "QoS 0 batched, 100 clients with 100,000 filters in all", false, run_match100k},
    {"retained", "100,000 retained messages stored at QoS 1, then read on #", false, run_retained},
    {"connect", "connect and disconnect, 10 at a time, 3.1.1 clean session", false, run_connect},
    {"idle10k", "10,000 connections with one subscription each", false, run_idle10k},
    {"idle5k", "5,000 connections with one subscription each", false, run_idle5k, 1, true},
    {"latency", "open loop, 5,000 msg/s, QoS 0 and then QoS 1", true, run_latency, 3},
    {"lowrate", "open loop, 5,000 msg/s, QoS 0: CPU", true, run_lowrate, 3},
};

/// Loads for which A with one thread has a promise of its own.
bool wants_single(std::string_view scenario) {
  return scenario == "qos0_one" || scenario == "lowrate";
}

class Comparison {
 public:
  explicit Comparison(const CompareOptions& options) : options_(options) {
    if (!options.samples_file.empty()) samples_file_.open(options.samples_file);
  }

  int run() {
    // Scenarios outside, rounds inside: the sides of one row are measured close together.
    for (const auto& scenario : scenarios()) {
      if (!wanted(scenario)) continue;
      for (int round = 1; round <= options_.rounds * scenario.rounds_factor; ++round) run_round(scenario, round);
    }
    auto report = make_report(samples_, options_.report);
    report.markdown += noise_line();
    for (const auto& failure : failures_) report.markdown += fmt::format("\n**FAILED** {}\n", failure);
    fmt::print("{}", report.markdown);
    if (!options_.markdown_file.empty()) std::ofstream(options_.markdown_file) << report.markdown;
    if (!failures_.empty()) return 1;
    return options_.report.targets && report.missed > 0 ? 3 : 0;
  }

 private:
  [[nodiscard]] bool wanted(const Scenario& scenario) const {
    if (options_.only.empty()) return !scenario.when_named;
    return std::ranges::count(options_.only, scenario.name) != 0;
  }

  void run_round(const Scenario& scenario, int round) {
    run_side(scenario, round, Side::a, options_.a);
    run_side(scenario, round, Side::b, options_.b);
    if (wants_single(scenario.name)) run_side(scenario, round, Side::a_single, options_.a_single);
    if (scenario.relay && !options_.relay.empty()) {
      run_side(scenario, round, Side::relay, options_.relay + " --port {port}");
    }
  }

  void run_side(const Scenario& scenario, int round, Side side, const std::string& command) {
    if (command.empty()) return;
    try {
      auto best = run_fresh(scenario, side, command);
      for (int i = 0; i < kRepeats && is_disturbed(best); ++i) {
        auto again = run_fresh(scenario, side, command);
        if (again.at("foreign_cores") < best.at("foreign_cores")) best = std::move(again);
      }
      samples_.add(side, best);
      foreign_.push_back(best.at("foreign_cores"));
      const auto json =
          to_json(best, fmt::format(", \"side\": \"{}\", \"round\": {}", side_name(side), round));
      fmt::print(stderr, "{}\n", json);
      if (samples_file_.is_open()) samples_file_ << json << std::endl;
    } catch (const std::exception& e) {
      failures_.push_back(
          fmt::format("{}, side {}, round {}: {}", scenario.name, side_name(side), round, e.what()));
      fmt::print(stderr, "FAILED {}\n", failures_.back());
    }
  }

  [[nodiscard]] bool is_disturbed(const Result& result) const {
    return options_.foreign_max >= 0 && result.at("foreign_cores") > options_.foreign_max;
  }

  /// One run against a broker started for it.
  Result run_fresh(const Scenario& scenario, Side side, const std::string& command) {
    alarm(time_limit_s(options_.seconds));
    // A way of its own: what an earlier broker gave to resume its sessions is worth nothing here.
    const auto way = parse_way(side == Side::b ? options_.b_way : options_.a_way);
    const bool relay = side == Side::relay;
    const BrokerProcess broker({command, relay, relay ? nullptr : &way}, options_.templates, options_.port_base);
    const ProcessMeter meter(broker.pid());
    try {
      const ForeignLoad foreign(meter);
      auto result = scenario.run({broker.target(), meter, options_.seconds});
      result.add("foreign_cores", foreign.cores());
      alarm(0);
      return result;
    } catch (const std::exception& e) {
      alarm(0);
      throw std::runtime_error(fmt::format("{}\n{}", e.what(), broker.output()));
    }
  }

  [[nodiscard]] std::string noise_line() {
    if (foreign_.empty()) return {};
    std::ranges::sort(foreign_);
    return fmt::format("\nOther processes used {:.2f} cores during the median run, {:.2f} at worst.\n",
                       foreign_[foreign_.size() / 2], foreign_.back());
  }

  const CompareOptions& options_;
  Samples samples_;
  std::vector<std::string> failures_;
  std::vector<double> foreign_;
  std::ofstream samples_file_;
};

}  // namespace

std::span<const Scenario> scenarios() {
  return kScenarios;
}

const Scenario* find_scenario(std::string_view name) {
  const auto* found = std::ranges::find(kScenarios, name, &Scenario::name);
  return found == std::end(kScenarios) ? nullptr : found;
}

int run_compare(const CompareOptions& options) {
  return Comparison(options).run();
}

unsigned time_limit_s(double seconds) {
  return static_cast<unsigned>(90 + 4 * seconds);
}

}  // namespace tombo::bench
