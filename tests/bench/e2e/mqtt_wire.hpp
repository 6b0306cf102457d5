#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench {

/// The MQTT 3.1.1 control packet types the generator meets.
enum class PacketType : std::uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  subscribe = 8,
  suback = 9,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
};

/// One packet inside a receive buffer.  Borrowed: valid until the next read.
struct PacketView {
  PacketType type;
  std::uint8_t flags;
  std::string_view body;
};

/// A PUBLISH taken apart.  Borrowed like the packet it came from.
struct PublishView {
  std::uint8_t qos;
  bool dup;
  bool retain;
  std::uint16_t packet_id;  ///< 0 at QoS 0
  std::string_view topic;
  std::string_view payload;
};

/// Takes the next packet off the front of `bytes`.  Returns how many bytes it covers, 0 when
/// it is still incomplete.  Throws on a malformed length.
std::size_t next_packet(std::string_view bytes, PacketView& packet);

/// Throws when the body is too short.
PublishView parse_publish(const PacketView& packet);

/// The packet identifier at the front of an acknowledgement's body.
std::uint16_t parse_packet_id(const PacketView& packet);

void append_connect(std::string& out, std::string_view client_id, std::uint16_t keep_alive_s);
/// With a user name and a password.
void append_connect(std::string& out, std::string_view client_id, std::uint16_t keep_alive_s, std::string_view user,
                    std::string_view password);
void append_subscribe(std::string& out, std::uint16_t packet_id, const std::vector<std::string>& filters,
                      std::uint8_t qos);
void append_publish(std::string& out, std::string_view topic, std::string_view payload, std::uint8_t qos,
                    bool retain, std::uint16_t packet_id);
/// PUBACK, PUBREC, PUBREL or PUBCOMP.
void append_ack(std::string& out, PacketType type, std::uint16_t packet_id);
void append_disconnect(std::string& out);

}  // namespace tombo::bench
