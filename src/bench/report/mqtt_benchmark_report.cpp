#include "bench/report/output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace tombo::bench {

namespace {

using Json = nlohmann::ordered_json;

/// What mqtt-benchmark calls `totals`: sums, means and extremes over its clients.
struct Totals {
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  double run_time_sum = 0;
  double rate_sum = 0;
  double min_ms = 0;
  double max_ms = 0;
  std::vector<double> means_ms;
};

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

/// Of a sample, as mqtt-benchmark computes it; 0 for a single client.
double deviation_of(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double rate_of(const ClientResult& client) {
  return client.run_time_s > 0 ? static_cast<double>(client.messages) / client.run_time_s : 0;
}

void add(Totals& totals, const ClientResult& client) {
  totals.min_ms = totals.means_ms.empty() ? client.ack_ms_min : std::min(totals.min_ms, client.ack_ms_min);
  totals.max_ms = std::max(totals.max_ms, client.ack_ms_max);
  totals.successes += client.messages;
  totals.failures += client.failures;
  totals.run_time_sum += client.run_time_s;
  totals.rate_sum += rate_of(client);
  totals.means_ms.push_back(client.ack_ms_mean);
}

Json json_of(const Totals& totals, double measured_s) {
  const auto clients = static_cast<double>(std::max<std::size_t>(totals.means_ms.size(), 1));
  const auto all = static_cast<double>(totals.successes + totals.failures);
  return {{"ratio", all > 0 ? static_cast<double>(totals.successes) / all : 0},
          {"successes", totals.successes},
          {"failures", totals.failures},
          {"total_run_time", measured_s},
          {"avg_run_time", totals.run_time_sum / clients},
          {"msg_time_min", totals.min_ms},
          {"msg_time_max", totals.max_ms},
          {"msg_time_mean_avg", mean_of(totals.means_ms)},
          {"msg_time_mean_std", deviation_of(totals.means_ms)},
          {"total_msgs_per_sec", totals.rate_sum},
          {"avg_msgs_per_sec", totals.rate_sum / clients}};
}

}  // namespace

std::string mqtt_benchmark_report(const Report& report) {
  Json runs = Json::array();
  Totals totals;
  for (const ClientResult& client : report.clients) {
    if (!client.publisher) continue;
    runs.push_back({{"id", runs.size()},
                    {"successes", client.messages},
                    {"failures", client.failures},
                    {"run_time", client.run_time_s},
                    {"msg_time_min", client.ack_ms_min},
                    {"msg_time_max", client.ack_ms_max},
                    {"msg_time_mean", client.ack_ms_mean},
                    {"msg_time_std", client.ack_ms_deviation},
                    {"msgs_per_sec", rate_of(client)}});
    add(totals, client);
  }
  return Json{{"runs", std::move(runs)}, {"totals", json_of(totals, report.measured_s)}}.dump(4) + "\n";
}

}  // namespace tombo::bench
