#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config::mosquitto {

namespace {

std::optional<std::uint64_t> port_of(Reading& reading, const Line& line, std::string_view word) {
  const auto port = parse_number(word);
  if (port && *port >= 0 && *port <= 65'535) return static_cast<std::uint64_t>(*port);
  reading.error(line, fmt::format("'{}' wants a port between 1 and 65535, but is '{}'", line.name, word));
  return std::nullopt;
}

/// A Unix socket has port 0 and a path: "listener 0 /run/mosquitto.sock".
void take_unix(Reading& reading, const Line& line, std::string_view path) {
  if (path.empty())
    return reading.error(line, "a listener with port 0 is a Unix socket and wants its path: listener 0 /PATH");
  const std::size_t index = reading.add_listener(line.name_at);
  reading.where.listener = index;
  reading.set(Section::listener, "address", index, {fmt::format("unix:{}", path)}, line);
}

void take_listener(Reading& reading, const Line& line) {
  const auto words = words_of(line.value);
  const auto port = port_of(reading, line, words[0]);
  const bool has_address = words.size() > 1 && !words[1].starts_with('#');
  if (words.size() > (has_address ? 2U : 1U)) {
    reading.warning(line, fmt::format("'{}' takes a port and an address; what follows is not read", line.name));
  }
  const std::string_view address = has_address ? words[1] : std::string_view{};
  if (port && *port == 0) return take_unix(reading, line, address);
  const std::size_t index = reading.add_listener(line.name_at);
  reading.where.listener = index;
  reading.set(Section::listener, "address", index, {std::string{has_address ? address : "*"}}, line);
  if (port) reading.set(Section::listener, "port", index, {static_cast<std::int64_t>(*port)}, line);
}

/// What is written for the default listener wherever it stands.
std::size_t default_listener(Reading& reading) {
  const Where before = reading.where;
  reading.where.listener.reset();
  const std::size_t index = reading.listener();
  reading.where = before;
  return index;
}

void take_port(Reading& reading, const Line& line) {
  const auto port = port_of(reading, line, only_word(reading, line));
  if (!port) return;
  const std::size_t index = default_listener(reading);
  if (*port == 0) return reading.error(line, "'port' is 0, but must be between 1 and 65535");
  if (reading.draft.given(Section::listener, "port", index)) {
    reading.warning(line, "'port' is written again: the last one holds");
  }
  reading.set(Section::listener, "port", index, {static_cast<std::int64_t>(*port)}, line);
}

void take_bind_address(Reading& reading, const Line& line) {
  reading.set_text(Section::listener, "address", default_listener(reading), line);
}

void take_socket_domain(Reading& reading, const Line& line) {
  const std::string_view word = only_word(reading, line);
  if (word != "ipv4" && word != "ipv6") {
    return reading.error(line, fmt::format("'socket_domain' is '{}', but must be ipv4 or ipv6", word));
  }
  reading.notes().domain = line;
}

void take_mount_point(Reading& reading, const Line& line) {
  if (reading.listeners.empty()) {
    return reading.error(line, "'mount_point' belongs to a listener: write it below a line 'listener PORT'");
  }
  if (line.value.find_first_of("+#") != std::string_view::npos) {
    return reading.error(line, fmt::format("'mount_point' is '{}', but may hold no wildcard (+ or #)", line.value));
  }
  take_text(reading, line);
}

/// "3,4,5": the numbers of versions in CONNECT.
void take_versions(Reading& reading, const Line& line) {
  std::vector<std::string> versions;
  std::string list{line.value};
  std::replace(list.begin(), list.end(), ',', ' ');
  for (const std::string_view word : words_of(list)) {
    if (word != "3" && word != "4" && word != "5") {
      return reading.error(
          line, fmt::format("'{}' holds '{}', but versions are 3 (MQTT 3.1), 4 (3.1.1) and 5", line.name, word));
    }
    versions.emplace_back(word == "3" ? "3.1" : word == "4" ? "3.1.1" : "5");
  }
  reading.set(Section::listener, "versions", reading.listener(), {std::move(versions)}, line);
}

void take_proxy_protocol(Reading& reading, const Line& line) {
  const std::string_view word = only_word(reading, line);
  if (word == "0" || word == "false") return;
  if (word != "1" && word != "2" && word != "true") {
    return reading.error(line, fmt::format("'{}' is '{}', but must be 1 or 2", line.name, word));
  }
  const std::size_t index = reading.listener();
  reading.set(Section::listener, "proxy_protocol", index, {std::string{"required"}}, line);
  reading.set(Section::listener, "proxy_networks", index, {std::vector<std::string>{"0.0.0.0/0", "::/0"}}, line);
  reading.warning(line,
                  "whoever reaches this listener may say what address it comes from, as with Mosquitto; a file in TOML "
                  "can name the proxies (proxy_networks), see tomboctl import");
}

void take_require_tls(Reading& reading, const Line& line) {
  if (const auto flag = flag_of(reading, line); flag && *flag) take_refused(reading, line);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("listener", Scope::listener, "PORT [ADDRESS], or 0 PATH", "listener.port, listener.address", &take_listener, "Begins a listener, to which the directives below belong; port 0 is a Unix socket; without an address it is all of them."),
  special("port", Scope::listener, kNumber, "listener.port", &take_port, "Port of the default listener, that is one without a line 'listener'; Mosquitto calls it deprecated."),
  special("bind_address", Scope::listener, kText, "listener.address", &take_bind_address, "Address of the default listener; Mosquitto calls it deprecated."),
  text("bind_interface", Scope::listener, "listener.interface", "Network interface to bind to."),
  special("socket_domain", Scope::listener, "ipv4 or ipv6", "listener.address", &take_socket_domain, "Listen on IPv4 or IPv6 only, where no address is named: address becomes 0.0.0.0 or ::."),
  number("max_connections", Scope::listener, "listener.connections_max", 1, 100'000'000, "Connections on the listener; -1 and 0 are no limit.").or_unlimited(0, 0),
  number("max_qos", Scope::listener, "listener.qos_max", 0, 2, "Highest QoS on the listener."),
  number("maximum_qos", Scope::listener, "listener.qos_max", 0, 2, "An older name of max_qos."),
  number("max_topic_alias", Scope::listener, "listener.topic_alias_max", 0, 65'535, "Topic aliases that a client may use; 10 where it is not written.").opening_none(),
  special("mount_point", Scope::listener, "topic prefix", "listener.mount_point", &take_mount_point, "Put before all topics of the listener's clients."),
  special("accept_protocol_versions", Scope::listener, "list of 3, 4, 5", "listener.versions", &take_versions, "Versions of MQTT that may connect; 3 is 3.1, 4 is 3.1.1.").opening_none(),
  flag("use_username_as_clientid", Scope::listener, "listener.client_id_from_user_name", "The user name is the client id."),
  special("enable_proxy_protocol", Scope::listener, "1 or 2", "listener.proxy_protocol, listener.proxy_networks", &take_proxy_protocol, "Connections begin with a PROXY header; tombo takes both versions, whichever is written, from every address; proxy_networks can name the proxies.").opening_none(),
  special("proxy_protocol_v2_require_tls", Scope::listener, kFlag, "", &take_require_tls, "there is nothing to tell whether a client's connection to the proxy had TLS; let the proxy refuse those without.").but(Fate::refused),
  flag("set_tcp_nodelay", Scope::listeners, "listener.tcp_nodelay", "Send small packets at once; true where it is not written, as in Mosquitto 2.1."),
});
// clang-format on

}  // namespace

std::span<const Directive> listener_directives() {
  return kEntries;
}

}  // namespace tombo::config::mosquitto
