#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tombo::mqtt {

using Bytes = std::span<const std::uint8_t>;

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The protocol level byte of CONNECT.
enum class Version : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5 = 5 };

enum class Qos : std::uint8_t { at_most_once = 0, at_least_once = 1, exactly_once = 2 };
inline constexpr Qos lower_of(Qos a, Qos b) {
  return a < b ? a : b;
}
inline constexpr Qos higher_of(Qos a, Qos b) {
  return a < b ? b : a;
}

enum class PacketType : std::uint8_t {
  reserved = 0,
  connect,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth,
};
std::string_view name_of(PacketType type);

/// Which side of the connection a packet comes from; some rules bind only one.
enum class Sender : std::uint8_t { client, server };

using PacketId = std::uint16_t;

inline constexpr std::uint32_t kRemainingLengthMax = 268'435'455;
inline constexpr std::size_t kFixedHeaderMax = 5;
inline constexpr std::uint32_t kSessionNeverExpires = 0xFFFF'FFFF;
inline constexpr std::uint32_t kSubscriptionIdMax = 268'435'455;

/// What RETAIN does when a subscription is made.  [MQTT-3.3.1-9..11]
enum class RetainHandling : std::uint8_t { send = 0, send_if_new = 1, do_not_send = 2 };

struct SubscribeOptions {
  Qos qos = Qos::at_most_once;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;
};

}  // namespace tombo::mqtt
