#pragma once

#include "base/log.hpp"
#include "config/options.hpp"
#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::mqtt {
class Message;
struct ConnectView;
struct PublishView;
}  // namespace tombo::mqtt

namespace tombo::broker {

class Client;

/// How a connection ends that nobody had to refuse.
enum class Ending : std::uint8_t {
  untold,  // whoever ends it has said why
  disconnected,
  taken_over,
  first_not_connect,
  connack_too_large,
  handshake_too_slow,
  connect_too_slow,
  packet_too_slow,
  broker_stops,
  drained,
  kicked,
  session_removed,
};

/// What the log says about clients: each event once, in tombo's words or in Mosquitto's, for scripts that look for those
/// (docs/operations.md has both).  A line that is not written costs a comparison.
/// Lives on: one shard.
class ClientLines {
 public:
  explicit ClientLines(log::Logger logger) : logger_(logger) {}
  /// At the start and at a reload.
  void set(std::shared_ptr<const config::Options> options);
  /// Levels change while the broker runs; what is asked for each packet is asked once a turn.
  void begin_turn() { packets_ = mosquitto_ && logger_.enabled(log::Type::debug); }

  void opened(const Client& client) const;
  void connected(const Client& client, const mqtt::ConnectView& connect, bool session_present) const;
  void ended(const Client& client, Ending ending) const;
  /// The connection has gone by itself.
  void lost(const Client& client, std::string_view why) const;
  /// The client broke a rule, or may not do what it asked for.
  void refused(const Client& client, mqtt::ReasonCode reason) const;
  /// A second CONNECT; the refusal follows.
  void came_twice(const Client& client) const;
  void subscribed(const Client& client, std::string_view filter, mqtt::Qos qos) const;
  void unsubscribed(const Client& client, std::string_view filter) const;
  /// What waits for the session is too much; `before`: messages that it has lost already.
  void dropping(std::string_view client_id, std::uint32_t before) const;
  void expired(std::string_view client_id) const;

  /// Whether there is a line for each packet, which only Mosquitto's wording has.
  bool packets() const { return packets_; }
  // Only if packets().
  void received(const Client& client, mqtt::PacketType type) const;
  void received_ack(const Client& client, mqtt::PacketType type, mqtt::PacketId id, mqtt::ReasonCode reason) const;
  void received_publish(const Client& client, const mqtt::PublishView& publish, bool allowed) const;
  void wants(std::string_view filter, mqtt::Qos qos) const;
  void wants_no_more(std::string_view filter) const;
  void sending_connack(const Client& client, bool session_present, mqtt::ReasonCode reason) const;
  void sending_ack(const Client& client, mqtt::PacketType type, mqtt::PacketId id, mqtt::ReasonCode reason) const;
  void sending_publish(const Client& client, const mqtt::Message& message, mqtt::Qos qos, bool retain, mqtt::PacketId id) const;

 private:
  bool tells_connections(log::Type type) const { return connections_ && logger_.enabled(type); }
  void refused_in_mosquittos_words(const Client& client, mqtt::ReasonCode reason) const;

  const config::Listener& listener_of(const Client& client) const;

  log::Logger logger_;
  std::shared_ptr<const config::Options> options_;
  bool mosquitto_ = false;
  bool connections_ = true;
  bool packets_ = false;
};

}  // namespace tombo::broker
