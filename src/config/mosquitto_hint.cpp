#include "config/mosquitto_hint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tombo::config {

namespace {

struct Equivalent {
  std::string_view directive;
  std::string_view toml;  // {} stands for the value as it was written
};

constexpr auto kEquivalents = std::to_array<Equivalent>({
    {"allow_anonymous", "allow_anonymous = {}"},
    {"allow_zero_length_clientid", "[mqtt] allow_empty_client_id = {}"},
    {"bind_address", "[[listener]] address = \"{}\""},
    {"connection_messages", "[log] connections = {}"},
    {"global_max_clients", "[limits] sessions_max = {}"},
    {"global_max_connections", "[limits] connections_max = {}"},
    {"listener", ""},
    {"log_dest", "[log] to = [\"{}\"]"},
    {"max_connections", "[[listener]] connections_max = {}"},
    {"max_inflight_messages", "[limits] in_flight_max = {}"},
    {"max_keepalive", "[limits] keep_alive_max_s = {}"},
    {"max_packet_size", "[limits] packet_bytes_max = {}"},
    {"max_qos", "[[listener]] qos_max = {}"},
    {"max_queued_bytes", "[limits] queue_bytes_max = {}"},
    {"max_queued_messages", "[limits] queue_messages_max = {}"},
    {"max_topic_alias", "[[listener]] topic_alias_max = {}"},
    {"maximum_qos", "[[listener]] qos_max = {}"},
    {"memory_limit", "[limits] memory_bytes_max = {}"},
    {"message_size_limit", "[limits] packet_bytes_max = {}"},
    {"pid_file", "pid_file = \"{}\""},
    {"port", "[[listener]] port = {}"},
    {"queue_qos0_messages", "[mqtt] queue_qos0_offline = {}"},
    {"retain_available", "[mqtt] retain_available = {}"},
    {"set_tcp_nodelay", "[[listener]] tcp_nodelay = {}"},
    {"sys_interval", "[sys] interval_s = {}"},
});

/// Directives that have no equal here, but tell whose file it is.
constexpr std::array<std::string_view, 24> kOthers{"acl_file",
                                                   "autosave_interval",
                                                   "bridge_protocol_version",
                                                   "cafile",
                                                   "capath",
                                                   "certfile",
                                                   "connection",
                                                   "include_dir",
                                                   "keyfile",
                                                   "log_type",
                                                   "log_timestamp",
                                                   "password_file",
                                                   "per_listener_settings",
                                                   "persistence",
                                                   "persistence_file",
                                                   "persistence_location",
                                                   "persistent_client_expiration",
                                                   "plugin",
                                                   "protocol",
                                                   "psk_file",
                                                   "require_certificate",
                                                   "socket_domain",
                                                   "tls_version",
                                                   "user"};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string listener_in_toml(std::string_view value) {
  const std::size_t gap = value.find(' ');
  const std::string_view address = gap == std::string_view::npos ? "*" : trimmed(value.substr(gap));
  return fmt::format("[[listener]] address = \"{}\" port = {}", address, value.substr(0, gap));
}

std::optional<std::string> in_toml(std::string_view directive, std::string_view value) {
  if (directive == "listener") return listener_in_toml(value);
  for (const Equivalent& entry : kEquivalents) {
    if (entry.directive == directive) return fmt::format(fmt::runtime(entry.toml), value);
  }
  return std::nullopt;
}

bool is_directive(std::string_view word) {
  return std::find(kOthers.begin(), kOthers.end(), word) != kOthers.end() ||
         std::any_of(kEquivalents.begin(), kEquivalents.end(),
                     [&](const Equivalent& e) { return e.directive == word; });
}

}  // namespace

std::optional<MosquittoHint> recognise_mosquitto(std::string_view text) {
  std::optional<MosquittoHint> hint;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t gap = line.find_first_of(" \t=");
    const std::string_view value = gap == std::string_view::npos ? "" : trimmed(line.substr(gap));
    if (line.starts_with('[') || value.starts_with('=')) return std::nullopt;  // as only TOML has it
    if (hint || value.empty() || !is_directive(line.substr(0, gap))) continue;
    const auto toml = in_toml(line.substr(0, gap), value);
    hint = MosquittoHint{number, "this is a configuration for Mosquitto; tombo wants TOML" +
                                     (toml ? fmt::format(", where this line is: {}", *toml)
                                           : std::string{", see docs/options.md for its options"})};
  }
  return hint;
}

}  // namespace tombo::config
