#include "broker/client_lines.hpp"

#include "broker/client.hpp"
#include "broker/client_session.hpp"
#include "broker/transport.hpp"
#include "mqtt/message.hpp"
#include "mqtt/packet_views.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace tombo::broker {

using log::Type;
using mqtt::ReasonCode;

namespace {

/// How the reason begins where TLS has ended a connection.
constexpr std::string_view kByTls = "TLS";
constexpr std::string_view kTooMany = "denied: max_connections exceeded.";

struct Words {
  Ending ending;
  std::string_view ours;      // empty: no line
  std::string_view mosquitto;  // what follows "Client ID "; empty: no line
};

constexpr std::array kEndings{
    Words{Ending::untold, "", ""},
    Words{Ending::disconnected, "it disconnected", "disconnected."},
    Words{Ending::taken_over, "taken over", "already connected, closing old connection."},
    Words{Ending::first_not_connect, "the first packet is not a CONNECT", "disconnected due to protocol error."},
    Words{Ending::connack_too_large, "CONNACK would be larger than it accepts", "disconnected due to oversize packet."},
    Words{Ending::handshake_too_slow, "the TLS handshake takes too long", "has exceeded timeout, disconnecting."},
    Words{Ending::connect_too_slow, "no CONNECT within the time limit", "has exceeded timeout, disconnecting."},
    Words{Ending::packet_too_slow, "a packet takes too long", "has exceeded timeout, disconnecting."},
    Words{Ending::broker_stops, "the broker stops", ""},
    Words{Ending::drained, "drained", "been disconnected by administrative action."},
    Words{Ending::kicked, "kicked", "been disconnected by administrative action."},
    Words{Ending::session_removed, "session removed", "been disconnected by administrative action."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kEndings.size(); ++i) {
    if (static_cast<std::size_t>(kEndings[i].ending) != i) return false;
  }
  return true;
}
static_assert(in_order());

/// What Mosquitto writes after "Client ID " when it refuses; it knows fewer reasons.
std::string_view refusal_of(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::bad_user_name_or_password:
    case ReasonCode::bad_authentication_method:
    case ReasonCode::banned:
    case ReasonCode::not_authorized: return "disconnected, not authorised.";
    case ReasonCode::keep_alive_timeout: return "has exceeded timeout, disconnecting.";
    case ReasonCode::packet_too_large: return "disconnected due to oversize packet.";
    case ReasonCode::quota_exceeded: return "disconnected due to out of memory.";
    case ReasonCode::malformed_packet: return "disconnected due to malformed packet.";
    case ReasonCode::qos_not_supported:
    case ReasonCode::retain_not_supported: return "disconnected due to QoS too high or retain not supported.";
    case ReasonCode::administrative_action:
    case ReasonCode::use_another_server:
    case ReasonCode::server_moved:
    case ReasonCode::maximum_connect_time: return "been disconnected by administrative action.";
    default: return "disconnected due to protocol error.";
  }
}

/// As Mosquitto writes an address and a port: IPv6 without brackets.
std::string address_of(const Client& client, const config::Listener& listener) {
  if (listener.is_unix()) return listener.address + ":0";
  std::string text = client.transport->peer_address();
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  return text;
}

std::string host_of(const Client& client, const config::Listener& listener) {
  const std::string text = address_of(client, listener);
  return text.substr(0, text.rfind(':'));
}

std::string_view id_of(const Client& client) {
  return client.session == nullptr ? std::string_view{"<unknown>"} : client.session->client_id();
}

/// Mosquitto's number for a version of the protocol.
int protocol_of(mqtt::Version version) {
  return version == mqtt::Version::v5 ? 5 : version == mqtt::Version::v3_1_1 ? 2 : 1;
}

}  // namespace

void ClientLines::set(std::shared_ptr<const config::Options> options) {
  options_ = std::move(options);
  mosquitto_ = options_->log.wording == config::LogWording::mosquitto;
  connections_ = options_->log.connections;
}

const config::Listener& ClientLines::listener_of(const Client& client) const {
  return options_->listeners[std::min<std::size_t>(client.listener, options_->listeners.size() - 1)];
}

void ClientLines::opened(const Client& client) const {
  if (!mosquitto_ || !tells_connections(Type::notice)) return;
  const config::Listener& listener = listener_of(client);
  logger_.of_type(Type::notice, "New connection from {} on port {}.", address_of(client, listener),
                  listener.is_unix() ? 0 : listener.port);
}

void ClientLines::connected(const Client& client, const mqtt::ConnectView& connect, bool session_present) const {
  if (!tells_connections(Type::notice)) return;
  const ClientSession& session = *client.session;
  const std::string_view user = session.user_name();
  if (!mosquitto_) {
    return logger_.of_type(Type::notice, "client {} connected from {} v{} keepalive={}s clean_start={} session_present={} user={}",
                           session.client_id(), client.transport->peer_address(), static_cast<int>(connect.version),
                           client.keep_alive_s, connect.clean_start, session_present, user.empty() ? "-" : user);
  }
  // Mosquitto names whom CONNECT names, though nobody may have asked for a password.
  const std::string_view named = user.empty() && connect.has_user_name ? connect.user_name : user;
  logger_.of_type(Type::notice, "New {} connected from {} as {} (p{}, c{:d}, k{}{}).", client.bridge ? "bridge" : "client",
                  address_of(client, listener_of(client)), session.client_id(), protocol_of(connect.version), connect.clean_start,
                  connect.keep_alive_s, named.empty() ? std::string{} : fmt::format(", u'{}'", named));
  if (!packets_) return;
  if (!connect.has_will) return logger_.debug("No will message specified.");
  logger_.debug("Will message specified ({} bytes) (r{:d}, q{}).", connect.will.payload.size(), connect.will.retain,
                static_cast<int>(connect.will.qos));
  logger_.debug("\t{}", connect.will.topic);
}

void ClientLines::ended(const Client& client, Ending ending) const {
  const Words& words = kEndings[static_cast<std::size_t>(ending)];
  const Type type = mosquitto_ && ending == Ending::taken_over ? Type::error : Type::notice;
  if (!tells_connections(type)) return;
  if (mosquitto_) {
    if (!words.mosquitto.empty()) logger_.of_type(type, "Client {} {}", id_of(client), words.mosquitto);
    return;
  }
  if (words.ours.empty()) return;
  if (client.session != nullptr) return logger_.of_type(type, "client {} closed: {}", client.session->client_id(), words.ours);
  logger_.of_type(type, "connection from {} closed: {}", client.transport->peer_address(), words.ours);
}

void ClientLines::lost(const Client& client, std::string_view why) const {
  if (!tells_connections(Type::notice)) return;
  if (mosquitto_ && client.session == nullptr && why.starts_with(kByTls)) {
    return logger_.of_type(Type::notice, "Client connection from {} failed: {}.", host_of(client, listener_of(client)), why);
  }
  if (mosquitto_) return logger_.of_type(Type::notice, "Client {} closed its connection.", id_of(client));
  if (client.session != nullptr) return logger_.of_type(Type::notice, "client {} lost: {}", client.session->client_id(), why);
  logger_.of_type(Type::notice, "connection from {} lost before CONNECT: {}", client.transport->peer_address(), why);
}

void ClientLines::refused(const Client& client, ReasonCode reason) const {
  if (mosquitto_) return refused_in_mosquittos_words(client, reason);
  const auto number = static_cast<unsigned>(reason);
  if (client.session != nullptr) {
    return logger_.of_type(Type::notice, "client {} refused: {} (0x{:02x})", client.session->client_id(), name_of(reason), number);
  }
  logger_.of_type(Type::notice, "connection from {} refused: {} (0x{:02x})", client.transport->peer_address(), name_of(reason), number);
}

void ClientLines::refused_in_mosquittos_words(const Client& client, ReasonCode reason) const {
  if (!tells_connections(Type::notice)) return;
  const bool before_connect = client.session == nullptr;
  if (before_connect && (reason == ReasonCode::server_busy || reason == ReasonCode::connection_rate_exceeded)) {
    return logger_.of_type(Type::notice, "Client connection from {} {}", host_of(client, listener_of(client)), kTooMany);
  }
  if (packets_ && before_connect) sending_connack(client, false, reason);
  logger_.of_type(Type::notice, "Client {} {}", id_of(client), refusal_of(reason));
}

void ClientLines::came_twice(const Client& client) const {
  if (mosquitto_) logger_.of_type(Type::notice, "Bad client {} sending multiple CONNECT messages.", id_of(client));
}

void ClientLines::subscribed(const Client& client, std::string_view filter, mqtt::Qos qos) const {
  if (mosquitto_) logger_.of_type(Type::subscribe, "{} {} {}", id_of(client), static_cast<int>(qos), filter);
}

void ClientLines::unsubscribed(const Client& client, std::string_view filter) const {
  if (mosquitto_) logger_.of_type(Type::unsubscribe, "{} {}", id_of(client), filter);
}

void ClientLines::dropping(std::string_view client_id, std::uint32_t before) const {
  if (mosquitto_ && before == 0) logger_.of_type(Type::notice, "Outgoing messages are being dropped for client {}.", client_id);
}

void ClientLines::expired(std::string_view client_id) const {
  if (mosquitto_) return logger_.of_type(Type::notice, "Expiring client {} due to timeout.", client_id);
  logger_.debug("session of client {} expired", client_id);
}

}  // namespace tombo::broker
