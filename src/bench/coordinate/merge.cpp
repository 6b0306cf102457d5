#include "bench/coordinate/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace tombo::bench::coordinate {

namespace {

void add(ProcessUse& sum, const ProcessUse& use) {
  sum.cpu_s += use.cpu_s;
  sum.rss_before_bytes += use.rss_before_bytes;
  sum.rss_after_bytes += use.rss_after_bytes;
  sum.rss_peak_bytes += use.rss_peak_bytes;
}

void add(Second& sum, const Second& s) {
  const auto before = static_cast<double>(sum.received), more = static_cast<double>(s.received);
  if (before + more > 0) {
    sum.latency_mean_ns = (sum.latency_mean_ns * before + s.latency_mean_ns * more) / (before + more);
    sum.latency_p50_ns = static_cast<std::int64_t>(
        (static_cast<double>(sum.latency_p50_ns) * before + static_cast<double>(s.latency_p50_ns) * more) /
        (before + more));
  }
  sum.latency_p99_ns = std::max(sum.latency_p99_ns, s.latency_p99_ns);
  sum.latency_max_ns = std::max(sum.latency_max_ns, s.latency_max_ns);
  sum.length_s = std::max(sum.length_s, s.length_s);
  sum.measured = sum.measured && s.measured;
  sum.sent += s.sent;
  sum.acknowledged += s.acknowledged;
  sum.received += s.received;
  sum.connects += s.connects;
  sum.errors += s.errors;
}

void add(Report& sum, const Report& r) {
  sum.interrupted = sum.interrupted || r.interrupted;
  sum.measured_s = std::max(sum.measured_s, r.measured_s);
  if (sum.started_unix_us == 0 || (r.started_unix_us != 0 && r.started_unix_us < sum.started_unix_us))
    sum.started_unix_us = r.started_unix_us;
  sum.sent += r.sent;
  sum.acknowledged += r.acknowledged;
  sum.received += r.received;
  sum.bytes_received += r.bytes_received;
  sum.no_subscribers += r.no_subscribers;
  sum.refused += r.refused;
  sum.behind_schedule += r.behind_schedule;
  sum.sent_in_all += r.sent_in_all;
  sum.received_in_all += r.received_in_all;
  sum.faults.add(r.faults);
  sum.connects += r.connects;
  sum.connect_failures += r.connect_failures;
  sum.connect_retries += r.connect_retries;
  sum.reconnects += r.reconnects;
  sum.connections_lost += r.connections_lost;
  sum.latency.merge(r.latency);
  sum.acknowledge.merge(r.acknowledge);
  sum.connect.merge(r.connect);
  sum.subscribe.merge(r.subscribe);
  sum.round_trip.merge(r.round_trip);
  sum.clients.insert(sum.clients.end(), r.clients.begin(), r.clients.end());
  sum.problems.insert(sum.problems.end(), r.problems.begin(), r.problems.end());
  add(sum.tool, r.tool);
  sum.promise_kept = sum.promise_kept && r.promise_kept;
}

std::vector<Second> seconds_of(const std::vector<Report>& reports) {
  std::map<std::int64_t, Second> rows;
  for (const Report& report : reports) {
    for (const Second& second : report.seconds) {
      const auto [row, fresh] = rows.emplace(std::llround(second.at_s), second);
      if (!fresh) add(row->second, second);
    }
  }
  std::vector<Second> seconds;
  for (const auto& [at, second] : rows) seconds.push_back(second);
  return seconds;
}

/// No worker saw both ends: what was sent and what came are held against each other here.
void judge(Report& sum, const Plan& whole) {
  const std::uint64_t copies = whole.topology == Topology::fan_out ? whole.subscribers : 1;
  const std::uint64_t wanted = (sum.sent_in_all - std::min(sum.sent_in_all, sum.refused)) * copies;
  sum.faults.lost = wanted - std::min(wanted, sum.received_in_all);
  // A member of a shared group sees gaps where another member got the message: no fault, and no problem.
  if (whole.topology == Topology::shared) sum.problems.clear();
  const mqtt::Qos qos = mqtt::lower_of(whole.publish_qos, whole.subscribe_qos);
  const bool lost = sum.faults.lost != 0 && qos != mqtt::Qos::at_most_once;
  const bool twice = sum.faults.duplicated != 0 && qos != mqtt::Qos::at_least_once;
  sum.promise_kept = !lost && !twice && sum.faults.reordered == 0 && sum.faults.corrupted == 0;
  if (sum.faults.lost != 0)
    sum.problems.push_back(fmt::format("{} messages were sent and arrived nowhere", sum.faults.lost));
}

}  // namespace

Report merge(const std::vector<Report>& reports, const Plan& whole, bool by_role) {
  Report sum;
  sum.plan_name = whole.name;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    add(sum, reports[i]);
    sum.what += fmt::format("{}{}", i == 0 ? "" : " + ", reports[i].what);
    for (const auto& [name, value] : reports[i].figures)
      sum.figures.emplace_back(fmt::format("{} (worker {})", name, i + 1), value);
  }
  sum.seconds = seconds_of(reports);
  if (by_role) judge(sum, whole);
  return sum;
}

}  // namespace tombo::bench::coordinate
