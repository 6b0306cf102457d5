#include "bench/cli/flags.hpp"

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <charconv>
#include <optional>
#include <string_view>

namespace tombo::bench {
namespace {

/// "127.0.0.1-20" is twenty addresses.
std::optional<std::vector<std::string>> expand_sources(const std::string& text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return std::vector{text};
  const std::size_t dot = text.rfind('.', dash);
  if (dot == std::string::npos) return std::nullopt;
  unsigned first = 0;
  unsigned last = 0;
  const char* const begin = text.data();
  const auto a = std::from_chars(begin + dot + 1, begin + dash, first);
  const auto b = std::from_chars(begin + dash + 1, begin + text.size(), last);
  if (a.ec != std::errc{} || b.ec != std::errc{} || b.ptr != begin + text.size() || last > 255 || first > last) {
    return std::nullopt;
  }
  std::vector<std::string> addresses;
  for (unsigned i = first; i <= last; ++i) addresses.push_back(fmt::format("{}.{}", text.substr(0, dot), i));
  return addresses;
}

std::optional<mqtt::Version> version_of(std::string_view text) {
  if (text == "5" || text == "5.0" || text == "mqttv5") return mqtt::Version::v5;
  if (text == "4" || text == "3.1.1" || text == "311" || text == "mqttv311") return mqtt::Version::v3_1_1;
  if (text == "3" || text == "3.1" || text == "31" || text == "mqttv31") return mqtt::Version::v3_1;
  return std::nullopt;
}

std::optional<Topology> topology_of(std::string_view text) {
  if (text == "pairs") return Topology::pairs;
  if (text == "fan-in") return Topology::fan_in;
  if (text == "fan-out") return Topology::fan_out;
  if (text == "shared") return Topology::shared;
  if (text == "wildcard") return Topology::wildcard;
  if (text == "request-response") return Topology::request_response;
  return std::nullopt;
}

std::string finish_counts(Flags& flags) {
  Plan& plan = flags.plan;
  if (flags.clients_given != nullptr && flags.clients_given->count() > 0) {
    if (flags.publishers == nullptr || flags.publishers->count() == 0) plan.publishers = flags.clients;
    if (flags.subscribers == nullptr || flags.subscribers->count() == 0) plan.subscribers = flags.clients;
  } else if (flags.publishers != nullptr && flags.subscribers != nullptr &&
             (plan.topology == Topology::pairs || plan.topology == Topology::wildcard)) {
    // One number says both where there must be as many of each.
    if (flags.publishers->count() > 0 && flags.subscribers->count() == 0) plan.subscribers = plan.publishers;
    if (flags.subscribers->count() > 0 && flags.publishers->count() == 0) plan.publishers = plan.subscribers;
  }
  if (plan.topology == Topology::fan_in) {
    if (flags.subscribers != nullptr && flags.subscribers->count() > 0 && plan.subscribers != 1) {
      return "fan-in has one subscriber";
    }
    plan.subscribers = 1;
  }
  if (plan.topology == Topology::fan_out && flags.publishers != nullptr && flags.publishers->count() == 0) {
    plan.publishers = 1;
  }
  return {};
}

std::string finish_qos(Flags& flags) {
  for (const int qos : {flags.qos, flags.publish_qos, flags.subscribe_qos}) {
    if (qos < -1 || qos > 2) return fmt::format("'{}' is no QoS (0, 1 or 2)", qos);
  }
  const int both = flags.qos < 0 ? 0 : flags.qos;
  flags.plan.publish_qos = static_cast<mqtt::Qos>(flags.publish_qos < 0 ? both : flags.publish_qos);
  flags.plan.subscribe_qos = static_cast<mqtt::Qos>(flags.subscribe_qos < 0 ? both : flags.subscribe_qos);
  return {};
}

void finish_times(Flags& flags) {
  Plan& plan = flags.plan;
  // A run of so many messages is measured from the first to the last, unless somebody says otherwise.
  constexpr double kNoEnd_s = 1e6;
  const bool by_count = plan.messages != 0;
  if (by_count && (flags.duration == nullptr || flags.duration->count() == 0)) flags.duration_s = kNoEnd_s;
  if (by_count && (flags.ramp_up == nullptr || flags.ramp_up->count() == 0)) flags.ramp_up_s = 0;
  plan.duration = Seconds{flags.duration_s};
  plan.ramp_up = Seconds{flags.ramp_up_s};
  plan.ramp_down = Seconds{flags.ramp_down_s};
  plan.drain = Seconds{flags.drain_s};
  plan.client.connect_timeout = Seconds{flags.timeout_s};
}

}  // namespace

std::string finish(Flags& flags) {
  Plan& plan = flags.plan;
  const auto version = version_of(flags.version);
  if (!version) return fmt::format("'{}' is no MQTT version (3.1, 3.1.1 or 5)", flags.version);
  plan.target.version = *version;
  if (plan.topology == Topology::pairs) {
    const auto topology = topology_of(flags.topology);
    if (!topology) {
      return fmt::format("'{}' is no topology (pairs, fan-in, fan-out, shared, wildcard or request-response)",
                         flags.topology);
    }
    plan.topology = *topology;
  }
  const auto format = format_of(flags.format);
  if (!format) return fmt::format("'{}' is no format (text, json or mqtt-benchmark)", flags.format);
  flags.output.format = *format;
  for (const std::string& source : flags.sources) {
    const auto addresses = expand_sources(source);
    if (!addresses) return fmt::format("'{}' is no address or range of addresses", source);
    plan.target.source_addresses.insert(plan.target.source_addresses.end(), addresses->begin(), addresses->end());
  }
  plan.client.clean_start = !flags.keep_session;
  if (auto wrong = finish_counts(flags); !wrong.empty()) return wrong;
  if (auto wrong = finish_qos(flags); !wrong.empty()) return wrong;
  finish_times(flags);
  return {};
}

void add_target_flags(CLI::App& app, Flags& flags) {
  Target& target = flags.plan.target;
  app.add_option("-h,--host", target.host, "Name or address of the broker")->group("Broker");
  app.add_option("-p,--port", target.port, "Its port (8883 is no default with --tls: say it)")->group("Broker");
  app.add_option("-V,--mqtt-version", flags.version, "3.1, 3.1.1 or 5")->group("Broker");
  app.add_option("--source", flags.sources, "Own addresses, bound in turn; 127.0.0.1-20 is twenty of them")
      ->delimiter(',')
      ->group("Broker");
  app.add_flag("--tls", target.tls.on, "Use TLS")->group("Broker");
  app.add_option("--cafile", target.tls.ca_file, "Trusted certificates, PEM")->group("Broker");
  app.add_option("--cert", target.tls.certificate_file, "Certificate of the clients, PEM")->group("Broker");
  app.add_option("--key", target.tls.key_file, "Its key, PEM")->group("Broker");
  app.add_option("--server-name", target.tls.server_name, "Expected name of the broker's certificate")->group("Broker");
  app.add_flag("--insecure", target.tls.insecure, "Take any certificate")->group("Broker");
  app.add_flag("--ws", target.websocket, "Use WebSocket")->group("Broker");
  app.add_option("--ws-path", target.websocket_path, "Path of the WebSocket")->group("Broker");
  app.add_option("--broker-pid", flags.plan.broker_pid, "Measure CPU time and memory of this process")->group("Broker");
}

void add_client_flags(CLI::App& app, Flags& flags) {
  ClientOptions& client = flags.plan.client;
  constexpr const char* kGroup = "Clients (texts may have %i number, %u user name, %c client id, %r word of the run)";
  app.add_option("--id", client.client_id, "Client id")->group(kGroup);
  app.add_option("-u,--username", client.user_name, "User name")->group(kGroup);
  app.add_option("-P,--password", client.password, "Password")->group(kGroup);
  app.add_option("-k,--keep-alive", client.keep_alive_s, "Keep Alive in seconds")->group(kGroup);
  app.add_flag("--keep-session", flags.keep_session, "Clean Start (Clean Session) off")->group(kGroup);
  app.add_option("-x,--session-expiry", client.session_expiry_s, "Session Expiry Interval in seconds")->group(kGroup);
  app.add_option("--receive-maximum", client.receive_maximum, "Receive Maximum; 0: not said")->group(kGroup);
  app.add_option("-R,--connect-rate", client.connects_per_s, "Connects a second; 0: as fast as answers come")
      ->group(kGroup);
  app.add_option("--connecting-max", client.connecting_max, "Connections being made at once")->group(kGroup);
  app.add_option("--retry", client.connect_retries, "How often a failed connect is tried again")->group(kGroup);
  app.add_option("--timeout", flags.timeout_s, "Seconds for a connect or a subscribe")->group(kGroup);
  app.add_flag("--reconnect", client.reconnect, "Come back when a connection breaks")->group(kGroup);
  app.add_option("--threads", flags.plan.threads, "Threads of this tool")->group(kGroup);
}

void add_message_flags(CLI::App& app, Flags& flags) {
  Plan& plan = flags.plan;
  constexpr const char* kGroup = "Messages (texts may have %s sequence and %t time in us, too)";
  app.add_option("-t,--topic", plan.topic, "Topic")->group(kGroup);
  app.add_option("-q,--qos", flags.qos, "QoS of both sides")->group(kGroup);
  app.add_option("--pub-qos", flags.publish_qos, "QoS of publishing")->group(kGroup);
  app.add_flag("-r,--retain", plan.retain, "Retain")->group(kGroup);
  app.add_option("-s,--size", plan.payload.size, "Bytes of a payload, 24 or more")->group(kGroup);
  app.add_option("--payload-file", plan.payload.file, "This file's contents follow the stamp")->group(kGroup);
  app.add_option("-m,--payload", plan.payload.text, "This text follows the stamp")->group(kGroup);
  app.add_option("-n,--messages", plan.messages, "Messages of each publisher; 0: until the time is over")
      ->group(kGroup);
  app.add_option("--rate", plan.pace.rate, "Open loop: messages a second, all publishers together")->group(kGroup);
  app.add_option("-w,--window", plan.pace.window, "Closed loop: messages under way, of each publisher")->group(kGroup);
  app.add_option("--batch", plan.pace.batch, "Closed loop: credit that must be there before the next write")
      ->group(kGroup);
  app.add_option("--record", plan.record_file, "Write a line per message to this file")->group(kGroup);
}

void add_subscriber_flags(CLI::App& app, Flags& flags) {
  app.add_option("--sub-qos", flags.subscribe_qos, "QoS of subscribing")->group("Subscribers");
  app.add_option("--group", flags.plan.share_group, "Name of the shared group")->group("Subscribers");
}

void add_time_flags(CLI::App& app, Flags& flags) {
  flags.duration = app.add_option("-d,--duration", flags.duration_s, "Seconds of measuring")->group("Time");
  flags.ramp_up = app.add_option("--ramp-up", flags.ramp_up_s, "Seconds of traffic before measuring")->group("Time");
  app.add_option("--ramp-down", flags.ramp_down_s, "Seconds of traffic after it")->group("Time");
  app.add_option("--drain", flags.drain_s, "Seconds of silence after which what is missing is lost")->group("Time");
}

void add_output_flags(CLI::App& app, Flags& flags) {
  app.add_option("--name", flags.plan.name, "Name of the run in the report")->group("Output");
  app.add_option("--json", flags.output.json_file, "Write the report as JSON to FILE ('-': standard output)")
      ->type_name("FILE")
      ->group("Output");
  app.add_option("--csv", flags.output.csv_file, "Write a row per second to FILE")->type_name("FILE")->group("Output");
  app.add_option("--html", flags.output.html_file, "Write a page with charts to FILE")
      ->type_name("FILE")
      ->group("Output");
  app.add_option("--format", flags.format, "What is printed: text, json or mqtt-benchmark")->group("Output");
  app.add_flag("--quiet", flags.output.quiet, "Print nothing but errors")->group("Output");
  app.add_flag("--no-live", flags.plain, "No line per second")->group("Output");
}

}  // namespace tombo::bench
