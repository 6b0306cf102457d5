#pragma once

#include "bench/engine/context.hpp"
#include "bench/engine/in_flight.hpp"
#include "bench/engine/link.hpp"
#include "mqtt/encode.hpp"
#include "mqtt/packet_views.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace tombo::bench::engine {

/// Answers requests: the payload goes back to the response topic (before 5.0: the request's topic with "response" in
/// place of "request").
class Responder {
 public:
  explicit Responder(Context& context);

  void begin(std::uint16_t receive_maximum);
  void answer(const mqtt::PublishView& request, Link& link);
  void on_ack(mqtt::PacketType type, const mqtt::AckView& ack, Link& link);
  bool done() const { return in_flight_.count() == 0 && waiting_.empty(); }
  std::uint64_t sent() const { return sent_; }

 private:
  struct Answer {
    std::string topic;
    std::vector<std::uint8_t> payload;
    std::vector<std::uint8_t> correlation;
  };
  void send(const std::string& topic, mqtt::Bytes payload, mqtt::Bytes correlation, Link& link);

  Context& context_;
  InFlight in_flight_;
  std::deque<Answer> waiting_;  // for room in the broker's Receive Maximum
  std::uint64_t sent_ = 0;
  mqtt::WriteBatch batch_;
};

}  // namespace tombo::bench::engine
