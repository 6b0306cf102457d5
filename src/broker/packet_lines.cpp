#include "broker/client.hpp"
#include "broker/client_lines.hpp"
#include "broker/client_session.hpp"
#include "broker/transport.hpp"
#include "mqtt/message.hpp"
#include "mqtt/packet_views.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace tombo::broker {

using mqtt::PacketType;
using mqtt::ReasonCode;

// A line for each packet, in Mosquitto's words, at debug.  Nothing is said of messages that are lines of the log themselves:
// each would make another one.

namespace {

constexpr std::string_view kLogTopics = "$SYS/broker/log/";

std::string_view id_of(const Client& client) { return client.session->client_id(); }

/// "(d0, q1, r0, m7, 'a/b', ... (2 bytes))"
std::string facts_of(bool dup, mqtt::Qos qos, bool retain, mqtt::PacketId id, std::string_view topic, std::size_t bytes) {
  return fmt::format("(d{:d}, q{}, r{:d}, m{}, '{}', ... ({} bytes))", dup, static_cast<int>(qos), retain, id, topic, bytes);
}

/// The code of a CONNACK as the client's version has it.
int code_of(const Client& client, ReasonCode reason) {
  if (client.peer.format.version == mqtt::Version::v5 || reason == ReasonCode::success) return static_cast<int>(reason);
  return mqtt::connect_return_code(reason).code;
}

}  // namespace

void ClientLines::received(const Client& client, PacketType type) const {
  if (type == PacketType::pingreq || type == PacketType::subscribe || type == PacketType::unsubscribe || type == PacketType::disconnect) {
    logger_.debug("Received {} from {}", mqtt::name_of(type), id_of(client));
  }
}

void ClientLines::received_ack(const Client& client, PacketType type, mqtt::PacketId id, ReasonCode reason) const {
  if (type == PacketType::pubrel || type == PacketType::pubrec) {
    return logger_.debug("Received {} from {} (Mid: {})", mqtt::name_of(type), id_of(client), id);
  }
  logger_.debug("Received {} from {} (Mid: {}, RC:{})", mqtt::name_of(type), id_of(client), id, static_cast<int>(reason));
}

void ClientLines::received_publish(const Client& client, const mqtt::PublishView& publish, bool allowed) const {
  logger_.debug("{} PUBLISH from {} {}", allowed ? "Received" : "Denied", id_of(client),
                facts_of(publish.dup, publish.qos, publish.retain, publish.packet_id, publish.topic, publish.payload.size()));
}

void ClientLines::wants(std::string_view filter, mqtt::Qos qos) const {
  logger_.debug("\t{} (QoS {})", filter, static_cast<int>(qos));
}

void ClientLines::wants_no_more(std::string_view filter) const { logger_.debug("\t{}", filter); }

void ClientLines::sending_connack(const Client& client, bool session_present, ReasonCode reason) const {
  std::string to = client.session == nullptr ? client.transport->peer_address() : std::string{client.session->client_id()};
  if (client.session == nullptr) to.resize(std::min(to.rfind(':'), to.size()));
  logger_.debug("Sending CONNACK to {} ({:d}, {})", to, session_present, code_of(client, reason));
}

void ClientLines::sending_ack(const Client& client, PacketType type, mqtt::PacketId id, ReasonCode reason) const {
  if (type == PacketType::puback || type == PacketType::pubrec) {
    return logger_.debug("Sending {} to {} (m{}, rc{})", mqtt::name_of(type), id_of(client), id, static_cast<int>(reason));
  }
  if (type == PacketType::pubrel || type == PacketType::pubcomp) {
    return logger_.debug("Sending {} to {} (m{})", mqtt::name_of(type), id_of(client), id);
  }
  logger_.debug("Sending {} to {}", mqtt::name_of(type), id_of(client));
}

void ClientLines::sending_publish(const Client& client, const mqtt::Message& message, mqtt::Qos qos, bool retain, mqtt::PacketId id) const {
  if (message.topic().starts_with(kLogTopics)) return;
  logger_.debug("Sending PUBLISH to {} {}", id_of(client),
                facts_of(false, qos, retain, id, message.topic(), message.payload().size()));
}

}  // namespace tombo::broker
