#pragma once

#include "bench/measure/histogram.hpp"
#include "bench/measure/stream_check.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tombo::bench {

/// One second of the run (the last one may be shorter).
struct Second {
  double at_s = 0;  // since the start of measuring; negative during ramp up
  double length_s = 1;
  bool measured = true;  // false: ramp up, ramp down, draining
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t received = 0;
  std::uint64_t connects = 0;
  std::uint64_t errors = 0;
  double latency_mean_ns = 0;
  std::int64_t latency_p50_ns = 0;
  std::int64_t latency_p99_ns = 0;
  std::int64_t latency_max_ns = 0;
};

/// One client as the per-client tables need it (mqtt-benchmark's schema, MQTTLoader's blocks).
struct ClientResult {
  std::string client_id;
  bool publisher = false;
  std::uint64_t messages = 0;  // acknowledged (publisher; QoS 0: written) or received
  std::uint64_t failures = 0;
  double run_time_s = 0;  // from its first to its last message
  double ack_ms_min = 0;  // publisher: send to PUBACK or PUBCOMP
  double ack_ms_max = 0;
  double ack_ms_mean = 0;
  double ack_ms_deviation = 0;
};

/// CPU and memory of the broker (or of the tool itself) over the measured time, from /proc/PID.
struct ProcessUse {
  double cpu_s = 0;
  std::uint64_t rss_before_bytes = 0;
  std::uint64_t rss_after_bytes = 0;
  std::uint64_t rss_peak_bytes = 0;
};

/// Everything that one run gave.
struct Report {
  std::string plan_name;
  std::string what;  // one line: "10 publishers → 10 subscribers, QoS 1, 64 bytes, closed loop, window 100"
  std::int64_t started_unix_us = 0;
  double measured_s = 0;
  bool interrupted = false;  // Ctrl-C: what was measured until then

  // Totals of the measured time.
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t received = 0;
  std::uint64_t bytes_received = 0;   // payloads
  std::uint64_t no_subscribers = 0;   // PUBACK or PUBREC 0x10
  std::uint64_t refused = 0;          // other acknowledgements >= 0x80
  std::uint64_t behind_schedule = 0;  // open loop: messages that were sent more than 1 ms after they were due

  // Totals of the whole run, ramps and draining included: what the promise is judged by.
  std::uint64_t sent_in_all = 0;
  std::uint64_t received_in_all = 0;
  Faults faults;

  std::uint64_t connects = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t connect_retries = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t connections_lost = 0;

  Histogram latency;      // delivery: due time (open loop) or send time to arrival
  Histogram acknowledge;  // send to PUBACK / PUBCOMP
  Histogram connect;      // TCP connect to CONNACK
  Histogram subscribe;    // SUBSCRIBE to SUBACK
  Histogram round_trip;   // request_response

  std::vector<Second> seconds;
  std::vector<ClientResult> clients;
  std::vector<std::pair<std::string, double>> figures;  // named numbers of a topology, such as "stored per second"
  std::optional<ProcessUse> broker;
  ProcessUse tool;

  std::vector<std::string> problems;  // one clear line each: what broke the promise of the QoS, what was refused

  /// The promise of the QoS held: nothing lost or twice beyond what the QoS allows, nothing corrupted, order kept.
  bool promise_kept = true;
};

}  // namespace tombo::bench
