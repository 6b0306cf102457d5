#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::tomboctl {

/// Builds a file as Mosquitto writes it, chunk by chunk.
class MosquittoBytes {
 public:
  explicit MosquittoBytes(std::uint32_t version = 6) : version_(version) {
    bytes_.assign("\x00\xB5\x00mosquitto db", 15);
    big(bytes_, 0, 4);
    big(bytes_, version, 4);
    std::string settings;
    native(settings, 99);
    settings += std::string("\x00\x08\x00\x00\x00\x00\x00\x00", 8);
    chunk(1, settings);
  }

  struct Message {
    std::uint64_t number = 1;
    std::string topic = "t";
    std::string payload = "payload";
    unsigned qos = 1;
    bool retain = false;
    std::int64_t expires_at = 0;
    std::string properties = {};  // with their length in front
  };
  MosquittoBytes& message(const Message& message) {
    std::string body;
    native(body, message.number);
    native(body, static_cast<std::uint64_t>(message.expires_at));
    big(body, message.payload.size(), 4);
    big(body, 17, 2);
    big(body, 3, 2);  // "pub"
    big(body, 4, 2);  // "user"
    big(body, message.topic.size(), 2);
    big(body, 1883, 2);
    body += static_cast<char>(message.qos);
    body += message.retain ? '\1' : '\0';
    chunk(2, body + "pub" + "user" + message.topic + message.payload + message.properties);
    return *this;
  }
  MosquittoBytes& client(std::string_view id, std::uint32_t expiry_s = 0xFFFF'FFFF, std::int64_t expires_at = 0, std::string_view user = {}) {
    std::string body;
    native(body, static_cast<std::uint64_t>(expires_at));
    big(body, expiry_s, 4);
    big(body, 5, 2);
    big(body, id.size(), 2);
    if (version_ >= 6) {
      big(body, 1883, 2);
      big(body, user.size(), 2);
      big(body, 0, 4);
    }
    chunk(6, body.append(id).append(version_ >= 6 ? user : ""));
    return *this;
  }
  struct Exchange {
    std::string client = "c";
    std::uint64_t message = 1;
    unsigned packet_id = 0;
    unsigned qos = 1;
    unsigned state = 11;
    unsigned flags = 0;
    unsigned direction = 1;
    std::string properties = {};
  };
  MosquittoBytes& exchange(const Exchange& exchange) {
    std::string body;
    native(body, exchange.message);
    big(body, exchange.packet_id, 2);
    big(body, exchange.client.size(), 2);
    for (const unsigned byte : {exchange.qos, exchange.state, exchange.flags, exchange.direction}) body += static_cast<char>(byte);
    chunk(3, body + exchange.client + exchange.properties);
    return *this;
  }
  MosquittoBytes& retained(std::uint64_t message) {
    std::string body;
    native(body, message);
    chunk(4, body);
    return *this;
  }
  MosquittoBytes& subscription(std::string_view client, std::string_view filter, unsigned qos = 1, unsigned options = 0, std::uint32_t id = 0) {
    std::string body;
    big(body, id, 4);
    big(body, client.size(), 2);
    big(body, filter.size(), 2);
    body += static_cast<char>(qos);
    body += static_cast<char>(options);
    body += std::string(2, '\0');
    chunk(5, body.append(client).append(filter));
    return *this;
  }
  MosquittoBytes& chunk(std::uint32_t kind, std::string_view body) {
    starts_.push_back(bytes_.size());
    big(bytes_, kind, 4);
    big(bytes_, body.size(), 4);
    bytes_ += body;
    return *this;
  }

  const std::string& bytes() const { return bytes_; }
  /// Where each chunk begins.
  const std::vector<std::size_t>& starts() const { return starts_; }

 private:
  static void big(std::string& out, std::uint64_t number, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i) & 0xFF);
  }
  static void native(std::string& out, std::uint64_t number) {
    for (unsigned i = 0; i < 8; ++i) out += static_cast<char>(number >> (8 * i) & 0xFF);
  }

  std::uint32_t version_;
  std::string bytes_;
  std::vector<std::size_t> starts_;
};

}  // namespace tombo::tomboctl
