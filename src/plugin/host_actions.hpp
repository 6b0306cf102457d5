#pragma once

#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

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

/// What plugins may ask of the broker; the application implements it by letters to shards.
/// Lives on: called by any thread, never blocks, outlives Plugins.
class HostActions {
 public:
  virtual ~HostActions() = default;
  /// False where it cannot be taken: a mailbox is full, the message is too large, the broker stops.
  virtual bool publish(OwnMessage message) = 0;
  /// Ends the connection of this client, if there is one.  False: it cannot be taken.
  virtual bool kick(std::string client_id, mqtt::ReasonCode reason) = 0;
};

}  // namespace tombo::plugin
