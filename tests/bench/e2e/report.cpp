#include "report.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace tombo::bench {
namespace {

enum class Rule : std::uint8_t {
  none,      ///< Shown only.
  share,     ///< A / B at most `limit`.
  absolute,  ///< A at most `limit`.
};

struct Row {
  const char* label;
  const char* scenario;
  const char* metric;
  int digits;
  Rule rule;
  double limit;
  Side side = Side::a;
};

/// The promises of issue 2, in its order.  B is Debian's mosquitto.
constexpr Row kRows[] = {
    {"QoS 0 batched, µs", "qos0_batched", "cpu_us", 3, Rule::share, 1 / 33.0},
    {"the same, never more than 25 a write, µs", "qos0_batched25", "cpu_us", 3, Rule::none, 0},
    {"QoS 0 one at a time, µs", "qos0_one", "cpu_us", 2, Rule::share, 0.88},
    {"QoS 0 one at a time, one thread, µs", "qos0_one", "cpu_us", 2, Rule::share, 0.78, Side::a_single},
    {"QoS 0 fan-in 50 → 1, window 20, µs", "fanin", "cpu_us", 3, Rule::share, 1 / 28.0},
    {"QoS 0 fan-out 1 → 100, window 20, µs", "fanout", "cpu_us", 3, Rule::share, 1 / 13.0},
    {"QoS 1 batched, µs", "qos1_batched", "cpu_us", 3, Rule::share, 1 / 40.0},
    {"QoS 2 batched, µs", "qos2_batched", "cpu_us", 3, Rule::share, 1 / 45.0},
    {"QoS 0 batched, 16 KiB, window 10, µs", "qos0_16k", "cpu_us", 2, Rule::share, 1 / 3.8},
    {"$share group of 4, batched, µs", "share4", "cpu_us", 3, Rule::share, 1 / 26.0},
    {"matching 100 filters, µs", "match100", "cpu_us", 3, Rule::none, 0},
    {"matching 100,000 filters, µs", "match100k", "cpu_us", 3, Rule::share, 1 / 12.0},
    {"memory per filter and client, bytes", "match100k", "bytes_per_filter", 0, Rule::absolute, 300},
    {"subscribing 100,000 filters, µs each", "match100k", "subscribe_us", 2, Rule::none, 0},
    {"100,000 retained stored, µs each", "retained", "store_us", 2, Rule::share, 1 / 8.0},
    {"100,000 retained delivered on #, µs each", "retained", "deliver_us", 3, Rule::share, 1 / 10.0},
    {"memory per retained message beyond topic and payload, bytes", "retained", "bytes_beyond", 0,
     Rule::absolute, 450},
    {"connect + disconnect, µs a cycle", "connect", "cpu_us", 1, Rule::share, 0.65},
    {"memory per idle connection with a subscription, bytes", "idle10k", "bytes", 0, Rule::absolute, 1000},
    {"memory per idle connection of 5,000 with a subscription, bytes", "idle5k", "bytes", 0, Rule::none, 0},
    {"latency at 5,000/s, QoS 0, p50 µs", "latency", "qos0_p50_us", 0, Rule::none, 0},
    {"latency at 5,000/s, QoS 0, p99 µs", "latency", "qos0_p99_us", 0, Rule::share, 1},
    {"latency at 5,000/s, QoS 0, max µs", "latency", "qos0_max_us", 0, Rule::none, 0},
    {"latency at 5,000/s, QoS 1, p50 µs", "latency", "qos1_p50_us", 0, Rule::none, 0},
    {"latency at 5,000/s, QoS 1, p99 µs", "latency", "qos1_p99_us", 0, Rule::share, 1},
    {"latency at 5,000/s, QoS 1, max µs", "latency", "qos1_max_us", 0, Rule::none, 0},
    {"QoS 0 at 5,000/s, µs", "lowrate", "cpu_us", 2, Rule::none, 0},
    {"QoS 0 at 5,000/s, one thread, µs", "lowrate", "cpu_us", 2, Rule::none, 0, Side::a_single},
};

std::string number(double value, int digits) {
  return std::isnan(value) ? "" : fmt::format("{:.{}f}", value, digits);
}

/// 1/33.4 below a half, else 0.78: small shares are easier to compare as fractions.
std::string share_text(double share) {
  if (std::isnan(share)) return "";
  return share > 0 && share < 0.5 ? fmt::format("1/{:.1f}", 1 / share) : fmt::format("{:.2f}", share);
}

std::string verdict(bool met, int& missed) {
  if (!met) ++missed;
  return met ? "met" : "**missed**";
}

std::string required_cells(const Row& row, double a, double share, int& missed) {
  const double value = row.rule == Rule::absolute ? a : share;
  if (row.rule == Rule::none || std::isnan(value)) return " | |";
  const auto limit = row.rule == Rule::absolute ? number(row.limit, 0) : share_text(row.limit);
  return fmt::format(" ≤ {} | {} |", limit, verdict(value <= row.limit, missed));
}

std::string row_line(const Samples& samples, const Row& row, const ReportOptions& options, int& missed) {
  const auto a = samples.median(row.side, row.scenario, row.metric);
  const auto b = samples.median(Side::b, row.scenario, row.metric);
  const auto relay = samples.median(Side::relay, row.scenario, row.metric);
  if (std::isnan(a) && (std::isnan(b) || row.side != Side::a)) return {};
  const auto share = a / b;
  auto line = fmt::format("| {} | {} | {} | {} | {} |", row.label, number(a, row.digits),
                          number(b, row.digits), number(relay, row.digits), share_text(share));
  if (options.targets) line += required_cells(row, a, share, missed);
  return line + "\n";
}

/// A promise that compares A with itself.
struct OwnRow {
  const char* label;
  double value;
  double limit;
  bool at_least;
};

std::string own_lines(const Samples& samples, const ReportOptions& options, int& missed) {
  const OwnRow rows[] = {
      {"publish rate with 100,000 filters / with 100",
       samples.median(Side::a, "match100k", "rate") / samples.median(Side::a, "match100", "rate"), 0.7, true},
      {"CPU at 5,000/s, default / one thread",
       samples.median(Side::a, "lowrate", "cpu_us") / samples.median(Side::a_single, "lowrate", "cpu_us"),
       1.1, false},
  };
  std::string out;
  for (const auto& row : rows) {
    if (std::isnan(row.value)) continue;
    out += fmt::format("| {} | {:.2f} | | | |", row.label, row.value);
    if (options.targets) {
      out += fmt::format(" {} {} | {} |", row.at_least ? "≥" : "≤", row.limit,
                         verdict(row.at_least ? row.value >= row.limit : row.value <= row.limit, missed));
    }
    out += "\n";
  }
  return out;
}

std::string throughput_table(const Samples& samples, const ReportOptions& options) {
  std::string out = fmt::format(
      "\n| throughput, per second | {} | {} | relay | generator's own CPU, µs |\n|---|---|---|---|---|\n",
      options.a_name, options.b_name);
  for (const auto& scenario : scenarios()) {
    const std::string name = scenario.name;
    const auto a = samples.median(Side::a, name, "rate");
    const auto b = samples.median(Side::b, name, "rate");
    if (std::isnan(a) && std::isnan(b)) continue;
    out += fmt::format("| {} | {} | {} | {} | {} |\n", name, number(a, 0), number(b, 0),
                       number(samples.median(Side::relay, name, "rate"), 0),
                       number(samples.median(Side::a, name, "generator_us"), 3));
  }
  return out;
}

}  // namespace

const char* side_name(Side side) {
  constexpr const char* kNames[kSides] = {"a", "b", "a_single", "relay"};
  return kNames[static_cast<std::size_t>(side)];
}

double Result::at(std::string_view name) const {
  for (const auto& [metric, value] : metrics) {
    if (metric == name) return value;
  }
  throw std::out_of_range(fmt::format("{} has no {}", scenario, name));
}

void Samples::add(Side side, const Result& result) {
  for (const auto& [metric, value] : result.metrics) {
    values_[static_cast<std::size_t>(side)][result.scenario + "." + metric].push_back(value);
  }
}

double Samples::median(Side side, const std::string& scenario, const std::string& metric) const {
  const auto& values = values_[static_cast<std::size_t>(side)];
  const auto found = values.find(scenario + "." + metric);
  if (found == values.end()) return std::numeric_limits<double>::quiet_NaN();
  auto sorted = found->second;
  std::ranges::sort(sorted);
  const auto middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

Report make_report(const Samples& samples, const ReportOptions& options) {
  Report report;
  report.markdown =
      fmt::format("| load | {} | {} | relay | share |{}\n|---|---|---|---|---|{}\n", options.a_name,
                  options.b_name, options.targets ? " required | |" : "", options.targets ? "---|---|" : "");
  for (const auto& row : kRows) report.markdown += row_line(samples, row, options, report.missed);
  report.markdown += own_lines(samples, options, report.missed);
  report.markdown += throughput_table(samples, options);
  return report;
}

std::string to_json(const Result& result, const std::string& extra) {
  auto out = fmt::format("{{\"scenario\": \"{}\"{}", result.scenario, extra);
  for (const auto& [metric, value] : result.metrics) out += fmt::format(", \"{}\": {:.4f}", metric, value);
  return out + "}";
}

}  // namespace tombo::bench
