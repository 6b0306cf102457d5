#pragma once

#include "mqtt/encode.hpp"
#include "mqtt/framer.hpp"
#include "mqtt/packet_views.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tombo::test {

using Payload = std::vector<std::uint8_t>;

/// What a FakeBroker does wrong.  The default does everything right.
struct Script {
  mqtt::Version version = mqtt::Version::v5;
  /// The payloads that the n-th message to a subscriber becomes: none, one or several, in this order.
  std::function<std::vector<Payload>(std::uint64_t n, const Payload& payload)> deliver = {};
  std::chrono::milliseconds delay{0};   // of each delivery
  std::uint64_t stall_at = UINT64_MAX;  // when so many messages have come, stand still once ...
  std::chrono::milliseconds stall{0};   // ... for so long
  std::uint64_t close_at = UINT64_MAX;  // then close the publisher's connection, once
  bool repeat_unreleased = false;       // QoS 2: each PUBLISH goes out twice with the same identifier
  mqtt::ReasonCode connack = mqtt::ReasonCode::success;
  std::optional<std::uint16_t> receive_maximum = {};
  std::optional<std::uint32_t> maximum_packet_size = {};
  std::optional<std::uint16_t> server_keep_alive_s = {};
  mqtt::ReasonCode suback = mqtt::ReasonCode::success;  // if it is a refusal
  mqtt::ReasonCode puback = mqtt::ReasonCode::success;
  bool acknowledges = true;
  bool hangs_up = false;  // on every byte, before an answer
};

/// A broker on loopback that keeps to its script: one thread, real sockets, and no more of MQTT than the load tester's
/// own tests need.  Ends with its object.
class FakeBroker {
 public:
  explicit FakeBroker(Script script);
  ~FakeBroker();
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;

  std::uint16_t port() const { return port_; }
  std::uint64_t pings() const { return pings_; }
  std::uint64_t connects() const { return connects_; }
  /// The most messages that a publisher had under way at once.
  std::uint64_t most_in_flight() const { return most_in_flight_; }

 private:
  struct Peer {
    int socket = -1;
    bool publishes = false;
    std::vector<std::uint8_t> in;
    mqtt::WriteBatch out;
    std::vector<std::pair<std::string, mqtt::Qos>> filters;
    std::uint16_t next_id = 1;
    std::uint64_t delivered = 0;
    std::uint64_t open = 0;                  // QoS 2: PUBLISH without PUBREL
    std::vector<mqtt::PacketId> unanswered;  // since the last write
  };
  struct Later {
    std::chrono::steady_clock::time_point due;
    Peer* to;
    std::string topic;
    Payload payload;
    mqtt::Qos qos;
  };

  void run();
  void accept_peer();
  bool read(Peer& peer);
  bool on_frame(Peer& peer, const mqtt::Frame& frame);
  void on_connect(Peer& peer);
  void on_subscribe(Peer& peer, const mqtt::Frame& frame);
  bool on_publish(Peer& peer, const mqtt::Frame& frame);
  void route(const mqtt::PublishView& publish);
  void send(Peer& to, const std::string& topic, const Payload& payload, mqtt::Qos qos);
  void send_due();
  void flush(Peer& peer);
  mqtt::PeerFormat format() const { return {script_.version, 0xFFFF'FFFF}; }

  Script script_;
  int listener_ = -1;
  int stop_ = -1;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::deque<Later> later_;
  std::uint64_t published_ = 0;
  std::atomic<std::uint64_t> pings_{0};
  std::atomic<std::uint64_t> connects_{0};
  std::atomic<std::uint64_t> most_in_flight_{0};
  std::thread thread_;
};

}  // namespace tombo::test
