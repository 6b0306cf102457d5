#pragma once

#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tombo::plugin {

/// A message that a plugin publishes as the broker itself.  Checked: a valid topic, valid texts, payload within MQTT's limit.
struct OwnMessage {
  std::string topic;
  std::string payload;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  std::string properties;  // a section of properties without its length: user properties, content type, ...
};

/// What a client's listener is.
struct ListenerFacts {
  std::uint16_t port = 0;
  bool websocket = false;
};

/// What plugins may ask of the broker; the application implements it by letters to shards.
/// Lives on: called by any thread, never blocks, outlives Plugins.
class HostActions {
 public:
  virtual ~HostActions() = default;
  /// False where it cannot be taken: a mailbox is full, the message is too large, the broker stops.
  virtual bool publish(OwnMessage message) = 0;
  /// Ends the connection of this client, if there is one.  False: it cannot be taken.
  virtual bool kick(std::string client_id, mqtt::ReasonCode reason) = 0;

  // What plugins of Mosquitto's interface may ask besides; a host that has none of them does nothing.

  /// For one client, whatever it has subscribed to; lost if it is not connected.
  virtual bool publish_to(std::string, OwnMessage) { return false; }
  /// As kick(), perhaps without its will.
  virtual bool kick_client(std::string, bool /*with_will*/) { return false; }
  /// All connections of one user; of all who have no name, if that is empty.
  virtual bool kick_user(std::string, bool /*with_will*/) { return false; }
  virtual bool kick_all(bool /*with_will*/) { return false; }
  /// Makes a connected client another user: its rights are asked for by that name from then on.
  virtual bool rename(std::string /*client_id*/, std::string /*user_name*/) { return false; }
  virtual ListenerFacts listener(std::size_t) const { return {}; }
  /// A certificate in DER as an object of the TLS library's (OpenSSL: X509), the caller's to free; null: it is none, or there is
  /// no such library.
  virtual void* certificate(const std::string& /*der*/) const { return nullptr; }
};

}  // namespace tombo::plugin
