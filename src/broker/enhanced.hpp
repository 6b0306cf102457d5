#pragma once

#include "auth/authenticator.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tombo::broker {

/// AUTH packets of a client in one exchange; mechanisms need two or three.
inline constexpr std::uint32_t kExchangeStepsMax = 16;

/// MQTT 5.0 enhanced authentication of one connection.  [MQTT 4.12]
struct Enhanced {
  std::string method;                        // of CONNECT; every AUTH must name it  [MQTT-4.12.0-5]
  std::string user_name;                     // that is authenticated
  auth::Login login;                         // what CONNECT said, without the password
  std::string claimed;                       // who the client says it is, once the exchange has told
  std::unique_ptr<auth::Exchange> exchange;  // while one goes on
  std::uint32_t steps = 0;                   // of this exchange
  std::vector<std::uint8_t> connect;         // the packet, until it can be answered
  std::string data;                          // for the client, with CONNACK
};

}  // namespace tombo::broker
