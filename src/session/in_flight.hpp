#pragma once

#include "session/delivery.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tombo::session {

/// QoS 1 and 2 deliveries that were sent and not yet acknowledged to the end, in the order of their first sending.
/// Acknowledgements usually come in that order, so finding one is usually one look; any order works.
/// Lives on: the session's shard.
class InFlight {
 public:
  /// Packet identifiers taken; deliveries that are done but wait for elder ones do not count.
  std::size_t size() const { return open_; }
  bool empty() const { return open_ == 0; }
  /// Of the payloads of the open deliveries.
  std::size_t payload_bytes() const { return payload_bytes_; }

  /// Adds a delivery under a packet identifier that is in no use, never 0.  [MQTT-2.2.1-4]
  /// Needs size() < 65535.
  Delivery& add(Delivery delivery, mqtt::PacketId& next_id);
  /// Adds one under the identifier that it has had before a restart; false if that is in use.
  bool restore(Delivery delivery);
  /// The delivery that is open longest.  Needs !empty().
  const Delivery& oldest() { return at(0); }
  /// The open delivery with this identifier, or null.
  Delivery* find(mqtt::PacketId id);
  /// Acknowledged to the end: the identifier is free again.
  void finish(Delivery& delivery);

  /// Visits the open deliveries in the order of first sending.  [MQTT-4.6.0-1]
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::size_t i = 0; i < count_; ++i) {
      Delivery& delivery = at(i);
      if (delivery.state != FlightState::done) visit(delivery);
    }
  }
  /// Places held, taken or not.
  std::size_t capacity() const { return ring_.size(); }

 private:
  static constexpr std::size_t kKept = 256;  // a larger ring is given back when it is empty
  Delivery& at(std::size_t index) { return ring_[(head_ + index) & (ring_.size() - 1)]; }
  /// How many identifiers after the oldest one.
  mqtt::PacketId distance(mqtt::PacketId id) { return static_cast<mqtt::PacketId>(id - at(0).packet_id); }
  Delivery& append(Delivery delivery);
  void grow();
  void compact();
  bool is_ordered();

  std::vector<Delivery> ring_;  // size is a power of two
  std::size_t head_ = 0;
  std::size_t count_ = 0;  // done ones included
  std::size_t open_ = 0;
  std::size_t payload_bytes_ = 0;
  bool ordered_ = true;  // each identifier is farther from the first than the one before it
};

}  // namespace tombo::session
