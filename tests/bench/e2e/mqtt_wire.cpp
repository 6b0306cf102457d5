#include "mqtt_wire.hpp"

#include <stdexcept>

namespace tombo::bench {
namespace {

void append_u16(std::string& out, std::size_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}

void append_string(std::string& out, std::string_view text) {
  append_u16(out, text.size());
  out.append(text);
}

void append_header(std::string& out, PacketType type, unsigned flags, std::size_t length) {
  out.push_back(static_cast<char>(static_cast<unsigned>(type) << 4 | flags));
  do {
    const auto low = length & 0x7F;
    length >>= 7;
    out.push_back(static_cast<char>(length != 0 ? low | 0x80 : low));
  } while (length != 0);
}

std::uint16_t read_u16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[at]) << 8 |
                                    static_cast<std::uint8_t>(bytes[at + 1]));
}

}  // namespace

std::size_t next_packet(std::string_view bytes, PacketView& packet) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    length |= static_cast<std::size_t>(byte & 0x7F) << (7 * (i - 1));
    if ((byte & 0x80) == 0) {
      const std::size_t total = i + 1 + length;
      if (bytes.size() < total) return 0;
      const auto first = static_cast<std::uint8_t>(bytes[0]);
      packet.type = static_cast<PacketType>(first >> 4);
      packet.flags = first & 0x0F;
      packet.body = bytes.substr(i + 1, length);
      return total;
    }
    if (i == 4) throw std::runtime_error("broker sent a malformed remaining length");
  }
  return 0;
}

PublishView parse_publish(const PacketView& packet) {
  PublishView view{};
  view.qos = packet.flags >> 1 & 3;
  view.dup = (packet.flags & 8) != 0;
  view.retain = (packet.flags & 1) != 0;
  const auto body = packet.body;
  if (body.size() < 2) throw std::runtime_error("broker sent a PUBLISH without a topic");
  std::size_t at = 2 + read_u16(body, 0);
  if (body.size() < at + (view.qos != 0 ? 2 : 0)) {
    throw std::runtime_error("broker sent a PUBLISH that ends too early");
  }
  view.topic = body.substr(2, at - 2);
  if (view.qos != 0) {
    view.packet_id = read_u16(body, at);
    at += 2;
  }
  view.payload = body.substr(at);
  return view;
}

std::uint16_t parse_packet_id(const PacketView& packet) {
  if (packet.body.size() < 2) throw std::runtime_error("broker sent an acknowledgement without id");
  return read_u16(packet.body, 0);
}

void append_connect(std::string& out, std::string_view client_id, std::uint16_t keep_alive_s) {
  append_header(out, PacketType::connect, 0, 10 + 2 + client_id.size());
  append_string(out, "MQTT");
  out.push_back(4);  // protocol level 3.1.1
  out.push_back(2);  // clean session
  append_u16(out, keep_alive_s);
  append_string(out, client_id);
}

void append_connect(std::string& out, std::string_view client_id, std::uint16_t keep_alive_s, std::string_view user,
                    std::string_view password) {
  append_header(out, PacketType::connect, 0, 10 + 2 + client_id.size() + 2 + user.size() + 2 + password.size());
  append_string(out, "MQTT");
  out.push_back(4);  // protocol level 3.1.1
  out.push_back(static_cast<char>(0xC2));  // user name, password, clean session
  append_u16(out, keep_alive_s);
  append_string(out, client_id);
  append_string(out, user);
  append_string(out, password);
}

void append_subscribe(std::string& out, std::uint16_t packet_id, const std::vector<std::string>& filters,
                      std::uint8_t qos) {
  std::size_t length = 2;
  for (const auto& filter : filters) length += filter.size() + 3;
  append_header(out, PacketType::subscribe, 2, length);
  append_u16(out, packet_id);
  for (const auto& filter : filters) {
    append_string(out, filter);
    out.push_back(static_cast<char>(qos));
  }
}

void append_publish(std::string& out, std::string_view topic, std::string_view payload, std::uint8_t qos,
                    bool retain, std::uint16_t packet_id) {
  append_header(out, PacketType::publish, qos << 1 | (retain ? 1 : 0),
                2 + topic.size() + (qos != 0 ? 2 : 0) + payload.size());
  append_string(out, topic);
  if (qos != 0) append_u16(out, packet_id);
  out.append(payload);
}

void append_ack(std::string& out, PacketType type, std::uint16_t packet_id) {
  // PUBREL is the one acknowledgement with reserved flags 0010 [MQTT-3.6.1-1].
  append_header(out, type, type == PacketType::pubrel ? 2 : 0, 2);
  append_u16(out, packet_id);
}

void append_disconnect(std::string& out) {
  append_header(out, PacketType::disconnect, 0, 0);
}

}  // namespace tombo::bench
