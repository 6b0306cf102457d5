#pragma once

#include "mqtt/encode.hpp"
#include "session/topic_aliases.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::session {

/// What a client said about itself on this connection; gone with the connection.
/// Lives on: the connection's shard.
struct Peer {
  mqtt::PeerFormat format;
  std::unique_ptr<const std::string> mount;   // stands before all its topics, unseen by it; null: nothing does
  std::uint16_t receive_maximum = 65535;      // of the client: our send quota  [MQTT-3.3.4-9]
  std::uint16_t topic_alias_maximum = 0;      // of the client  [MQTT-3.1.2-26]
  bool problem_information = true;            // reason strings and user properties are wanted  [MQTT-3.1.2-29]
  std::unique_ptr<OutboundAliases> out_aliases;  // made when the first PUBLISH could use one
  std::unique_ptr<InboundAliases> in_aliases;    // made when the client gives the first one

  void set_mount(std::string_view point) {
    if (point.empty()) return;
    mount = std::make_unique<const std::string>(point);
    format.topic_skip = static_cast<std::uint16_t>(point.size());
  }
  /// Whether there is a topic to tell it by: not where it has a mount point and the message is from outside.
  bool sees(const mqtt::Message& message) const {
    return mount == nullptr || (message.topic().size() > mount->size() && message.topic().starts_with(*mount));
  }
};

}  // namespace tombo::session
