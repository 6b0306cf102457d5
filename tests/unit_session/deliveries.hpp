#pragma once

#include "session/delivery.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace tombo::test {

inline session::Delivery delivery(std::string_view payload, mqtt::Qos qos = mqtt::Qos::at_least_once) {
  mqtt::MessageParts parts;
  parts.topic = "t";
  parts.payload = mqtt::bytes_of(payload);
  parts.qos = qos;
  session::Delivery made;
  made.message = mqtt::Message::create(parts);
  made.qos = qos;
  return made;
}

inline std::string payload_of(const session::Delivery& delivery) {
  return std::string(mqtt::text_of(delivery.message->payload()));
}

}  // namespace tombo::test
