// The least of RFC 6455 that a load generator needs: binary frames, no pings, no fragments to send.
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "mqtt_wire.hpp"
#include "way.hpp"

namespace tombo::bench {
namespace {

constexpr std::string_view kRequest =
    "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kBinary = 2;
constexpr std::uint8_t kClose = 8;
constexpr std::uint8_t kMasked = 0x80;

/// One key for all frames, so that the generator's cost stays small; the broker must unmask all the same.
constexpr char kMask[4] = {'\x3A', '\x5C', '\x71', '\x1E'};

void append_masked(std::string& out, std::string_view bytes) {
  auto at = out.size();
  out.append(bytes);
  std::uint64_t eight = 0;
  std::memcpy(&eight, kMask, 4);
  std::memcpy(reinterpret_cast<char*>(&eight) + 4, kMask, 4);
  for (; at + sizeof eight <= out.size(); at += sizeof eight) {
    std::uint64_t word = 0;
    std::memcpy(&word, &out[at], sizeof word);
    word ^= eight;
    std::memcpy(&out[at], &word, sizeof word);
  }
  for (std::size_t i = 0; at < out.size(); ++at, ++i) out[at] = static_cast<char>(out[at] ^ kMask[i % sizeof kMask]);
}

void append_frame(std::string& out, std::uint8_t opcode, std::string_view payload) {
  out.push_back(static_cast<char>(kFinal | opcode));
  int length_bytes = 0;
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(kMasked | payload.size()));
  } else {
    length_bytes = payload.size() < 65536 ? 2 : 8;
    out.push_back(static_cast<char>(kMasked | (length_bytes == 2 ? 126 : 127)));
  }
  for (int i = length_bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(payload.size() >> (8 * i)));
  out.append(kMask, sizeof kMask);
  append_masked(out, payload);
}

class WebSocket final : public Transport {
 public:
  explicit WebSocket(bool frame_per_packet) : frame_per_packet_(frame_per_packet) {}

  void start(std::string& wire) override { wire.append(kRequest); }

  void receive(std::string_view bytes, std::string& plain, std::string&) override {
    if (!open_ && !take_answer(bytes)) return;
    while (!bytes.empty()) {
      if (payload_left_ == 0 && !take_header(bytes)) return;
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
      plain.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      payload_left_ -= n;
    }
  }

  [[nodiscard]] bool open() const override { return open_; }

  void send(std::string_view plain, std::string& wire) override {
    if (!frame_per_packet_) return append_frame(wire, kBinary, plain);
    PacketView packet{};
    while (const auto n = next_packet(plain, packet)) {
      append_frame(wire, kBinary, plain.substr(0, n));
      plain.remove_prefix(n);
    }
  }

  void close(std::string& wire) override { append_frame(wire, kClose, std::string_view("\x03\xE8", 2)); }

 private:
  /// True once the handshake's answer is whole; it is taken off.
  bool take_answer(std::string_view& bytes) {
    const auto had = head_.size();
    head_.append(bytes);
    const auto end = head_.find(kHeadEnd);
    if (end == std::string::npos) return false;
    if (!head_.starts_with("HTTP/1.1 101")) throw std::runtime_error("WebSocket was refused: " + head_);
    bytes.remove_prefix(end + kHeadEnd.size() - had);
    head_.clear();
    return open_ = true;
  }

  /// True once a frame's header is whole; it is taken off.
  bool take_header(std::string_view& bytes) {
    while (!bytes.empty()) {
      head_.push_back(bytes.front());
      bytes.remove_prefix(1);
      if (head_.size() < 2) continue;
      const auto length = static_cast<std::uint8_t>(head_[1]);
      const std::size_t length_bytes = length < 126 ? 0 : length == 126 ? 2 : 8;
      if (head_.size() < 2 + length_bytes) continue;
      if ((static_cast<std::uint8_t>(head_[0]) & 0x0F) > kBinary) throw std::runtime_error("WebSocket: a control frame");
      payload_left_ = length_bytes == 0 ? length : 0;
      for (std::size_t i = 2; i < head_.size(); ++i) payload_left_ = payload_left_ << 8 | static_cast<std::uint8_t>(head_[i]);
      head_.clear();
      return true;
    }
    return false;
  }

  bool frame_per_packet_;
  bool open_ = false;
  std::string head_;  ///< A beginning: of the handshake's answer, then of a frame.
  std::uint64_t payload_left_ = 0;
};

}  // namespace

std::unique_ptr<Transport> make_websocket(bool frame_per_packet) {
  return std::make_unique<WebSocket>(frame_per_packet);
}

}  // namespace tombo::bench
