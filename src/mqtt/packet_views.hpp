#pragma once

#include "mqtt/properties.hpp"
#include "mqtt/types.hpp"

#include <string_view>

namespace tombo::mqtt {

// What a decoder hands out: fields checked one by one, still lying in the packet's bytes.  A view is a loan that ends
// with the call that received it.

struct WillView {
  std::string_view topic;
  Bytes payload;
  Qos qos = Qos::at_most_once;
  bool retain = false;
  PropertiesView properties;
};

struct ConnectView {
  Version version = Version::v5;
  bool bridge = false;  // bit 7 of the level byte: the peer is a broker (packets.md, section 9)
  bool clean_start = false;
  std::uint16_t keep_alive_s = 0;
  std::string_view client_id;
  bool has_will = false;
  WillView will;
  bool has_user_name = false;
  std::string_view user_name;
  bool has_password = false;
  Bytes password;
  PropertiesView properties;
};

struct ConnackView {
  bool session_present = false;
  std::uint8_t code = 0;  // as on the wire: a reason code in 5.0, a return code before
  PropertiesView properties;
};

struct PublishView {
  std::string_view topic;  // empty where a topic alias stands for it
  PacketId packet_id = 0;  // 0 at QoS 0
  Qos qos = Qos::at_most_once;
  bool dup = false;
  bool retain = false;
  Bytes payload;
  PropertiesView properties;
};

/// PUBACK, PUBREC, PUBREL, PUBCOMP.
struct AckView {
  PacketId packet_id = 0;
  ReasonCode reason = ReasonCode::success;
  PropertiesView properties;
};

/// SUBSCRIBE; the filters are read one by one with next_subscription().
struct SubscribeView {
  PacketId packet_id = 0;
  PropertiesView properties;
  Version version = Version::v5;
  std::uint32_t count = 0;  // of filters
  Bytes filters;            // checked, at least one
};
struct SubscriptionView {
  std::string_view filter;
  SubscribeOptions options;
};

/// UNSUBSCRIBE; the filters are read one by one with next_filter().
struct UnsubscribeView {
  PacketId packet_id = 0;
  PropertiesView properties;
  std::uint32_t count = 0;
  Bytes filters;  // checked, at least one
};

/// SUBACK and UNSUBACK, for clients of ours (bench, bridges, tests).
struct SubackView {
  PacketId packet_id = 0;
  PropertiesView properties;
  Bytes codes;
};

struct DisconnectView {
  ReasonCode reason = ReasonCode::success;
  PropertiesView properties;
};

struct AuthView {
  ReasonCode reason = ReasonCode::success;
  PropertiesView properties;
};

}  // namespace tombo::mqtt
