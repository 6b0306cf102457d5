#include "session/in_flight.hpp"

#include "base/assert.hpp"

#include <utility>

namespace tombo::session {

void InFlight::grow() {
  std::vector<Delivery> larger(ring_.empty() ? 4 : ring_.size() * 2);
  for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move(at(i));
  ring_ = std::move(larger);
  head_ = 0;
}

Delivery& InFlight::add(Delivery delivery, mqtt::PacketId& next_id) {
  TOMBO_ASSERT(open_ < 65535);
  do {
    if (++next_id == 0) next_id = 1;
  } while (find(next_id) != nullptr);
  if (count_ == ring_.size()) grow();
  delivery.packet_id = next_id;
  bytes_ += delivery.message->footprint();
  Delivery& added = at(count_++) = std::move(delivery);
  ++open_;
  return added;
}

Delivery* InFlight::find(mqtt::PacketId id) {
  if (count_ == 0) return nullptr;
  // Identifiers are given in order, so the distance from the first one is usually the position.
  const auto guess = static_cast<mqtt::PacketId>(id - at(0).packet_id);
  if (guess < count_) {
    Delivery& delivery = at(guess);
    if (delivery.packet_id == id) return delivery.state == FlightState::done ? nullptr : &delivery;
  }
  // A distance beyond the window cannot be in it unless identifiers wrapped or some were skipped.
  const auto span = static_cast<mqtt::PacketId>(at(count_ - 1).packet_id - at(0).packet_id);
  if (guess > span) return nullptr;
  for (std::size_t i = 0; i < count_; ++i) {
    Delivery& delivery = at(i);
    if (delivery.packet_id == id && delivery.state != FlightState::done) return &delivery;
  }
  return nullptr;
}

void InFlight::finish(Delivery& delivery) {
  bytes_ -= delivery.message->footprint();
  delivery.state = FlightState::done;
  delivery.message = nullptr;
  delivery.extra = nullptr;
  --open_;
  while (count_ != 0 && at(0).state == FlightState::done) {
    head_ = (head_ + 1) & (ring_.size() - 1);
    --count_;
  }
  if (count_ == 0) {
    head_ = 0;
    if (ring_.size() > kKept) ring_ = {};
  }
}

}  // namespace tombo::session
