#pragma once

#include "bench/report/report.hpp"

#include <cmath>
#include <random>
#include <string>

namespace tombo::bench {

/// A report with something in every field: twelve seconds of which the first and the last were not measured.
inline Report sample_report(std::string name = "pairs") {
  Report r;
  r.plan_name = std::move(name);
  r.what = "10 publishers → 10 subscribers, QoS 1, 64 bytes, <closed> loop, window 100";
  r.started_unix_us = 1'795'000'000'123'456;
  r.measured_s = 10;
  r.no_subscribers = 3;
  r.refused = 2;
  r.behind_schedule = 17;
  r.faults = {.lost = 1, .duplicated = 2, .reordered = 3, .corrupted = 4};
  r.promise_kept = false;
  r.connects = 20;
  r.connect_failures = 1;
  r.connect_retries = 2;
  r.reconnects = 3;
  r.connections_lost = 4;
  std::mt19937 random(5);
  std::lognormal_distribution<double> spread(std::log(400'000.0), 0.6);
  for (int i = 0; i < 12; ++i) {
    Second s{.at_s = i - 1.0, .measured = i != 0 && i != 11};
    s.sent = 90'000 + random() % 20'000;
    s.received = s.acknowledged = s.sent - random() % 100;
    s.connects = i == 0 ? 20 : 0;
    s.errors = i == 5 ? 2 : 0;
    Histogram second;
    for (int k = 0; k < 3000; ++k) {
      const auto ns = static_cast<std::int64_t>(spread(random) * (i == 6 && k > 2900 ? 40 : 1));
      second.record(ns);
      r.acknowledge.record(ns / 2);
      r.round_trip.record(ns * 2);
    }
    s.latency_mean_ns = second.mean_ns();
    s.latency_p50_ns = second.percentile_ns(50);
    s.latency_p99_ns = second.percentile_ns(99);
    s.latency_max_ns = second.max_ns();
    r.latency.merge(second);
    if (s.measured) {
      r.sent += s.sent;
      r.received += s.received;
      r.acknowledged += s.acknowledged;
    }
    r.sent_in_all += s.sent;
    r.received_in_all += s.received;
    r.seconds.push_back(s);
  }
  r.bytes_received = r.received * 64;
  for (int i = 1; i <= 20; ++i) r.connect.record(i * 100'000);
  for (int i = 1; i <= 10; ++i) r.subscribe.record(i * 50'000);
  for (int i = 0; i < 2; ++i) {
    r.clients.push_back({"p" + std::to_string(i), true, 50, i == 0 ? 0U : 10U, 2.0 + i, 0.1 + i, 5, 1.0 + i, 0.5});
  }
  r.clients.push_back({"s\xFF\"<0>", false, 90, 0, 3, 0, 0, 0, 0});
  r.figures = {{"stored per second", 1'234'567.5}, {"delivered per second", 7.25}};
  r.broker = ProcessUse{
      .cpu_s = 9.5, .rss_before_bytes = 5'000'000, .rss_after_bytes = 9'000'000, .rss_peak_bytes = 12'000'000};
  r.tool = {.cpu_s = 3.25, .rss_before_bytes = 1, .rss_after_bytes = 2, .rss_peak_bytes = 3};
  r.problems = {"1 message of stream 4 <was> lost"};
  return r;
}

}  // namespace tombo::bench
