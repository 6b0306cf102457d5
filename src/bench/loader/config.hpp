#pragma once

#include "bench/plan/plan.hpp"
#include "bench/plan/problem.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench::loader {

enum class LogLevel : std::uint8_t { severe, warning, info, all };

/// A configuration file of MQTTLoader 0.8.6: its 26 keys with its defaults.
struct Config {
  std::string broker;             // mandatory
  std::uint16_t broker_port = 0;  // 0: 1883, with TLS 8883
  std::uint32_t mqtt_version = 5;
  std::uint32_t num_publishers = 1;
  std::uint32_t num_subscribers = 1;
  std::uint32_t qos_publisher = 0;
  std::uint32_t qos_subscriber = 0;
  bool shared_subscription = false;
  bool retain = false;
  std::string topic = "mqttloader-test-topic";
  std::uint32_t payload = 20;
  std::uint64_t num_messages = 100;
  std::uint32_t ramp_up = 0;
  std::uint32_t ramp_down = 0;
  std::uint64_t interval = 0;  // µs
  std::uint32_t subscriber_timeout = 5;
  std::uint32_t exec_time = 60;
  LogLevel log_level = LogLevel::info;
  std::string ntp;
  std::string output;
  std::string user_name;
  std::string password;
  bool tls = false;
  std::string tls_rootca_cert;
  std::string tls_client_key;
  std::vector<std::string> tls_client_cert_chain;
};

struct Loaded {
  Config config;
  std::vector<Problem> problems;  // not empty: do not use the configuration
  bool ok() const { return problems.empty(); }
};

Loaded load_config(const std::string& path);
/// The same from memory; `name` stands for the file in problems.
Loaded parse_config(std::string_view text, const std::string& name);

/// The run that MQTTLoader would make.  All publishers send to one topic, all subscribers have it.  MQTTLoader's
/// interval becomes a rate on a schedule: publishers are staggered by interval / num_publishers, as there.
/// Ramps are cut from the series afterwards (console.hpp), so that the plan measures from the first message on.
Plan plan_of(const Config& config);

}  // namespace tombo::bench::loader
