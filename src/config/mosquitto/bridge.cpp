#include "config/mosquitto/bridge_topic.hpp"
#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace tombo::config::mosquitto {

namespace {

constexpr std::size_t kBridgesMax = 1'000;
constexpr std::uint32_t kNever = 0xFFFFFFFF;

void take_connection(Reading& reading, const Line& line) {
  auto& all = reading.draft.options.bridges;
  if (std::any_of(all.begin(), all.end(), [&](const Bridge& bridge) { return bridge.name == line.value; })) {
    reading.error(line, fmt::format("there is another bridge called '{}'; each wants a name of its own", line.value));
  }
  if (all.size() >= kBridgesMax) return reading.error(line, fmt::format("there are more than {} bridges", kBridgesMax));
  const std::size_t index = reading.draft.add_section(Section::bridge, line.name_at);
  reading.bridges.push_back({line, {}, {}, {}});
  reading.where.bridge = index;
  all[index].reload = BridgeReload::lazy;
  reading.set(Section::bridge, "name", index, {std::string{line.value}}, line);
}

/// "host", "host:1883" or, as Mosquitto has IPv6, "fe80::1:1883" with the port behind the last colon.
std::optional<std::string> address_of(Reading& reading, const Line& line, std::string_view word) {
  const std::size_t colon = word.rfind(':');
  const bool bracketed = word.starts_with('[');
  if (colon == std::string_view::npos || (bracketed && word.ends_with(']'))) return std::string{word};
  const auto port = parse_number(word.substr(colon + 1));
  const std::string_view host = word.substr(0, colon);
  if (!port || *port < 1 || *port > 65'535 || host.empty()) {
    reading.error(line, fmt::format("'{}' holds '{}', but wants HOST or HOST:PORT with a port between 1 and 65535",
                                    line.name, word));
    return std::nullopt;
  }
  if (bracketed || host.find(':') == std::string_view::npos) return std::string{word};
  return fmt::format("[{}]:{}", host, *port);
}

void take_address(Reading& reading, const Line& line) {
  const auto bridge = reading.bridge(line);
  if (!bridge) return;
  auto addresses = reading.draft.options.bridges[*bridge].addresses;
  for (const std::string_view word : words_of(line.value)) {
    if (word.starts_with('#')) {
      reading.warning(line, "a comment stands on a line of its own; what follows '#' is not read");
      break;
    }
    if (auto address = address_of(reading, line, word)) addresses.push_back(std::move(*address));
  }
  reading.set(Section::bridge, "addresses", *bridge, {std::move(addresses)}, line);
}

void take_topic(Reading& reading, const Line& line) {
  const auto bridge = reading.bridge(line);
  if (!bridge) return;
  const auto topic = bridge_topic(reading, line);
  if (!topic) return;
  auto topics = reading.draft.options.bridges[*bridge].topics;
  topics.push_back(*topic);
  reading.set(Section::bridge, "topics", *bridge, {std::move(topics)}, line);
}

void take_clean_session(Reading& reading, const Line& line) {
  take_flag(reading, line);
  if (const auto bridge = reading.where.bridge) reading.bridges[*bridge].clean_session = line;
}

void take_local_clean_session(Reading& reading, const Line& line) {
  take_flag(reading, line);
  if (const auto bridge = reading.where.bridge) reading.bridges[*bridge].local_clean_session = line;
}

void take_session_expiry(Reading& reading, const Line& line) {
  take_number(reading, line);
  if (const auto bridge = reading.where.bridge) reading.bridges[*bridge].session_expiry = line;
}

/// Takes a number, or the least one with a warning, as Mosquitto does.
void take_at_least(Reading& reading, const Line& line) {
  const auto bridge = reading.bridge(line);
  const auto number = parse_number(only_word(reading, line));
  const Row* row = row_of(*line.directive);
  if (!bridge || row == nullptr) return;
  if (!number || *number < 0 || *number > line.directive->max) {
    return reading.error(line, fmt::format("'{}' is '{}', but must be between {} and {}", line.name, line.value,
                                           line.directive->min, line.directive->max));
  }
  reading.set_number(row->section, row->key, *bridge, static_cast<std::uint64_t>(*number), line);
}

/// "BASE CAP", or one pause that is always the same.
void take_restart_timeout(Reading& reading, const Line& line) {
  const auto bridge = reading.bridge(line);
  const auto words = words_of(line.value);
  const auto base = parse_number(words[0]);
  const auto cap = words.size() > 1 && !words[1].starts_with('#') ? parse_number(words[1]) : base;
  if (!bridge) return;
  if (!base || !cap || *base < 0 || *cap < *base) {
    return reading.error(
        line, fmt::format("'{}' is '{}', but wants seconds, or two such numbers of which the second is not the "
                          "smaller one",
                          line.name, line.value));
  }
  reading.set_number(Section::bridge, "restart_min_s", *bridge, static_cast<std::uint64_t>(*base), line);
  reading.set_number(Section::bridge, "restart_max_s", *bridge, static_cast<std::uint64_t>(*cap), line);
}

/// One of the words that Mosquitto has for the names of an option.
void take_word(Reading& reading, const Line& line,
               std::initializer_list<std::pair<std::string_view, std::string_view>> words) {
  const auto bridge = reading.bridge(line);
  const std::string_view given = only_word(reading, line);
  if (!bridge) return;
  for (const auto& [word, name] : words) {
    if (given == word)
      return reading.set(Section::bridge, row_of(*line.directive)->key, *bridge, {std::string{name}}, line);
  }
  reading.error(line, fmt::format("'{}' is '{}', but must be {}", line.name, given, line.directive->value));
}

void take_start_type(Reading& reading, const Line& line) {
  take_word(reading, line, {{"automatic", "automatic"}, {"lazy", "lazy"}, {"once", "once"}});
}

void take_version(Reading& reading, const Line& line) {
  take_word(reading, line, {{"mqttv31", "3.1"}, {"mqttv311", "3.1.1"}, {"mqttv50", "5"}});
}

void take_reload_type(Reading& reading, const Line& line) {
  take_word(reading, line, {{"lazy", "lazy"}, {"immediate", "immediate"}});
}

/// "IDLE INTERVAL COUNT"
void take_tcp_keepalive(Reading& reading, const Line& line) {
  const auto bridge = reading.bridge(line);
  const auto words = words_of(line.value);
  const auto idle = parse_number(words[0]);
  if (!bridge) return;
  if (!idle || *idle < 0)
    return reading.error(line, fmt::format("'{}' wants seconds, but is '{}'", line.name, line.value));
  reading.set_number(Section::bridge, "tcp_keepalive_s", *bridge, static_cast<std::uint64_t>(*idle), line);
  if (words.size() > 1)
    reading.warning(line, fmt::format("of '{}' only the first number holds; the others are the system's", line.name));
}

constexpr Directive at_least(std::string_view name, std::string_view becomes, std::int64_t min, std::int64_t max,
                             std::string_view what) {
  return {name, Scope::bridge, kNumber, Fate::honoured, becomes, what, &take_at_least, min, max};
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("connection", Scope::bridge, "NAME", "bridge.name", &take_connection, "Begins a bridge, to which the directives below belong."),
  special("address", Scope::bridge, "HOST[:PORT], several", "bridge.addresses", &take_address, "The other broker."),
  special("addresses", Scope::bridge, "HOST[:PORT], several", "bridge.addresses", &take_address, "The same."),
  special("topic", Scope::bridge, "FILTER [out, in or both [QOS [LOCAL [REMOTE]]]]", "bridge.topics", &take_topic, "What is carried, with prefixes on both sides."),
  flag("round_robin", Scope::bridge, "bridge.round_robin", "All addresses are equal."),
  special("start_type", Scope::bridge, "automatic, lazy or once", "bridge.start", &take_start_type, "When the bridge connects; manual is refused, as by Mosquitto."),
  special("bridge_protocol_version", Scope::bridge, "mqttv31, mqttv311 or mqttv50", "bridge.version", &take_version, "Version of MQTT."),
  text("clientid", Scope::bridge, "bridge.client_id", "An older name of remote_clientid."),
  text("remote_clientid", Scope::bridge, "bridge.client_id", "Client id at the other broker; HOST.NAME where it is not written."),
  text("username", Scope::bridge, "bridge.user_name", "An older name of remote_username."),
  text("remote_username", Scope::bridge, "bridge.user_name", "User name at the other broker."),
  text("password", Scope::bridge, "bridge.password", "An older name of remote_password."),
  text("remote_password", Scope::bridge, "bridge.password", "Password at the other broker."),
  text("local_clientid", Scope::bridge, "bridge.local_client_id", "Client id in this broker; local.CLIENTID where it is not written."),
  text("local_username", Scope::bridge, "bridge.local_user_name", "User whose rights the bridge has in this broker."),
  without_effect("local_password", Scope::bridge, kText, "no bridge is asked for a password by its own broker, Mosquitto's neither; local_username decides its rights."),
  Directive{"cleansession", Scope::bridge, kFlag, Fate::honoured, "bridge.clean_session, bridge.local_clean_session", "The other broker forgets the bridge when the connection is lost, and this one unless local_cleansession says otherwise.", &take_clean_session},
  Directive{"local_cleansession", Scope::bridge, kFlag, Fate::honoured, "bridge.local_clean_session", "This broker forgets what waits for the bridge when the connection is lost.", &take_local_clean_session},
  at_least("keepalive_interval", "bridge.keep_alive_s", 5, 65'535, "Keep alive."),
  special("restart_timeout", Scope::bridge, "BASE [CAP]", "bridge.restart_min_s, bridge.restart_max_s", &take_restart_timeout, "Pause between two attempts, growing from the first number to the second; 5 30 where it is not written."),
  at_least("idle_timeout", "bridge.idle_timeout_s", 1, 2'147'483'647, "With start_type lazy, the connection ends when nothing was carried for so long."),
  at_least("threshold", "bridge.threshold", 1, 2'147'483'647, "With start_type lazy, the connection begins when so many messages wait."),
  flag("try_private", Scope::bridge, "bridge.try_private", "Tell the other broker that this is a bridge."),
  flag("notifications", Scope::bridge, "bridge.notifications", "Say whether the bridge is connected."),
  flag("notifications_local_only", Scope::bridge, "bridge.notifications_local_only", "Say so in this broker only."),
  text("notification_topic", Scope::bridge, "bridge.notification_topic", "Where."),
  flag("bridge_attempt_unsubscribe", Scope::bridge, "bridge.attempt_unsubscribe", "Unsubscribe at the other broker from what only goes out."),
  flag("bridge_outgoing_retain", Scope::bridge, "bridge.outgoing_retain", "Retained messages are retained at the other broker."),
  text("bridge_bind_address", Scope::bridge, "bridge.bind_address", "Local address of the connection."),
  number("bridge_max_packet_size", Scope::bridge, "bridge.outgoing_packet_bytes_max", 0, 268'435'460, "Longest message that the other broker is sent, with its headers; 0 is what that one takes."),
  number("bridge_max_topic_alias", Scope::bridge, "bridge.topic_alias_max", 0, 65'535, "Topic aliases with MQTT 5.0."),
  number("bridge_receive_maximum", Scope::bridge, "bridge.receive_maximum", 1, 65'535, "QoS 1 and 2 messages that the other broker may send before the first is acknowledged."),
  Directive{"bridge_session_expiry_interval", Scope::bridge, kNumber, Fate::honoured, "bridge.session_expiry_s", "How long the other broker keeps the session with MQTT 5.0; for ever where it is not written and cleansession is false.", &take_session_expiry, 0, 0xFFFFFFFF},
  special("bridge_reload_type", Scope::bridge, "lazy or immediate", "bridge.reload", &take_reload_type, "When changed options hold; lazy, at the next connection, where it is not written."),
  special("bridge_tcp_keepalive", Scope::bridge, "IDLE INTERVAL COUNT", "bridge.tcp_keepalive_s", &take_tcp_keepalive, "Idle seconds before TCP asks whether the other side is there; interval and count are the system's.").but(Fate::partly),
  number("bridge_tcp_user_timeout", Scope::bridge, "bridge.tcp_user_timeout_ms", 0, 2'147'483'647, "Milliseconds that sent bytes may stay unacknowledged by TCP; 0 and less is the system's.").or_unlimited(0, 0),
});
// clang-format on

/// What Mosquitto's limits for all clients are for a bridge, which is one of them there.
void take_limits(Reading& reading, std::size_t index) {
  const Limits& limits = reading.draft.options.limits;
  Bridge& bridge = reading.draft.options.bridges[index];
  bridge.in_flight_max = limits.in_flight_max;
  if (const auto& line = reading.queued_messages)
    reading.set_number(Section::bridge, "queue_messages_max", index, limits.queue_messages_max, *line);
  if (const auto& line = reading.queued_bytes)
    reading.set_number(Section::bridge, "queue_bytes_max", index, limits.queue_bytes_max, *line);
}

bool has_acl(const Options& options) {
  const auto& listeners = options.listeners;
  return !options.acl.file.empty() || std::any_of(listeners.begin(), listeners.end(),
                                                  [](const Listener& one) { return !one.acl_file.empty(); });
}

void finish_bridge(Reading& reading, std::size_t index) {
  const BridgeNotes& notes = reading.bridges[index];
  Bridge& bridge = reading.draft.options.bridges[index];
  if (bridge.addresses.empty())
    reading.error(notes.connection, fmt::format("bridge '{}' wants an address: address HOST:PORT", bridge.name));
  if (bridge.topics.empty())
    reading.error(notes.connection,
                  fmt::format("bridge '{}' carries nothing: write topic FILTER [out|in|both]", bridge.name));
  if (notes.clean_session && !notes.local_clean_session) {
    reading.set(Section::bridge, "local_clean_session", index, {bridge.clean_session}, *notes.clean_session);
  }
  if (!notes.session_expiry && !bridge.clean_session && bridge.version == BridgeVersion::v5)
    bridge.session_expiry_s = kNever;
  take_limits(reading, index);
  if (!bridge.local_user_name.empty() && has_acl(reading.draft.options)) {
    reading.warning(notes.connection,
                    fmt::format("bridge '{}' has the rights of its local_username '{}' in this broker, as it should; "
                                "Mosquitto lets a bridge pass its acl_file whatever stands there",
                                bridge.name, bridge.local_user_name));
  }
  if (bridge.user_name.empty() && !bridge.password.empty()) {
    reading.warning(notes.connection, fmt::format("bridge '{}' has a password, but no remote_username", bridge.name));
  }
  if (!bridge.psk.empty() && (!bridge.ca_file.empty() || !bridge.ca_directory.empty() || !bridge.certificate.empty())) {
    reading.error(
        notes.connection,
        fmt::format("bridge '{}' has certificates and a pre-shared key, but can use only one of them", bridge.name));
  }
  if (bridge.psk.empty() != bridge.psk_identity.empty()) {
    reading.error(notes.connection,
                  fmt::format("bridge '{}' wants both or neither of bridge_identity and bridge_psk", bridge.name));
  }
}

}  // namespace

std::span<const Directive> bridge_directives() {
  return kEntries;
}

void finish_bridges(Reading& reading) {
  for (std::size_t i = 0; i < reading.bridges.size(); ++i) finish_bridge(reading, i);
}

}  // namespace tombo::config::mosquitto
