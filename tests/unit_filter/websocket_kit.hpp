#pragma once

#include "filter/websocket.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::test {

using Octets = std::vector<std::uint8_t>;

inline Octets octets(std::string_view text) {
  return {text.begin(), text.end()};
}
inline std::string text_of(const Octets& bytes) {
  return {bytes.begin(), bytes.end()};
}

constexpr std::string_view kHandshake =
    "GET /mqtt HTTP/1.1\r\nHost: broker.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

struct Frame {
  std::uint8_t opcode = 2;
  Octets payload{};
  bool fin = true;
  bool masked = true;
  std::uint8_t rsv = 0;  // the three bits, already in their place
};

/// As RFC 6455, 5.2 says, without any library.
inline Octets encode(const Frame& frame, std::array<std::uint8_t, 4> key = {0x37, 0xFA, 0x21, 0x3D}) {
  Octets bytes{static_cast<std::uint8_t>((frame.fin ? 0x80 : 0) | frame.rsv | frame.opcode)};
  const std::uint8_t mask = frame.masked ? 0x80 : 0;
  const std::size_t size = frame.payload.size();
  if (size < 126) {
    bytes.push_back(static_cast<std::uint8_t>(mask | size));
  } else {
    const int length_bytes = size <= 0xFFFF ? 2 : 8;
    bytes.push_back(static_cast<std::uint8_t>(mask | (length_bytes == 2 ? 126 : 127)));
    for (int i = length_bytes - 1; i >= 0; --i) bytes.push_back(static_cast<std::uint8_t>(size >> (8 * i)));
  }
  if (frame.masked) bytes.insert(bytes.end(), key.begin(), key.end());
  for (std::size_t i = 0; i < size; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(frame.payload[i] ^ (frame.masked ? key[i % 4] : 0)));
  }
  return bytes;
}

inline Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A filter and what has come out of it.
class Side {
 public:
  explicit Side(config::Listener options = {}, std::string peer_address = "203.0.113.9:5000") {
    auto peer = std::make_shared<auth::Peer>();
    peer->address = std::move(peer_address);
    filter = filter::make_websocket(options, std::move(peer));
  }
  /// Feeds pieces of this many bytes, as long as it is told to go on.
  bool feed(const Octets& bytes, std::size_t piece = static_cast<std::size_t>(-1)) {
    for (std::size_t at = 0; at < bytes.size() && going_on;) {
      const std::size_t size = std::min(piece, bytes.size() - at);
      going_on = filter->receive({bytes.data() + at, size}, inward, outward);
      at += size;
    }
    return going_on;
  }
  /// Past its handshake, whose answer is forgotten.
  Side& greeted() {
    feed(octets(kHandshake));
    outward.clear();
    return *this;
  }

  std::unique_ptr<filter::ByteFilter> filter;
  Octets inward;
  Octets outward;
  bool going_on = true;
};

}  // namespace tombo::test
