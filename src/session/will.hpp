#pragma once

#include "base/clock.hpp"
#include "mqtt/packet_views.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::session {

/// The message that a client leaves with us for the case that its connection ends without a normal DISCONNECT.
/// Lives on: the session's shard.
struct Will {
  std::string topic;
  std::vector<std::uint8_t> payload;
  std::vector<std::uint8_t> raw_properties;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  std::uint32_t delay_s = 0;
  bool has_expiry = false;
  std::uint32_t expiry_s = 0;

  Will() = default;
  explicit Will(const mqtt::WillView& view)
      : topic(view.topic),
        payload(view.payload.begin(), view.payload.end()),
        raw_properties(view.properties.raw.begin(), view.properties.raw.end()),
        qos(view.qos),
        retain(view.retain),
        delay_s(view.properties.will_delay_interval),
        has_expiry(view.properties.has(mqtt::PropertyId::message_expiry_interval)),
        expiry_s(view.properties.message_expiry_interval) {}
};

}  // namespace tombo::session
