#include "session/in_flight.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace tombo::session {

void InFlight::grow() {
  std::vector<Delivery> larger(ring_.empty() ? 4 : ring_.size() * 2);
  for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move(at(i));
  ring_ = std::move(larger);
  head_ = 0;
}

/// Takes out what is done: one delivery that is never acknowledged must not make the ring grow with all that follow.
void InFlight::compact() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (at(i).state == FlightState::done) continue;
    if (kept != i) at(kept) = std::move(at(i));
    ++kept;
  }
  count_ = kept;
}

Delivery& InFlight::add(Delivery delivery, mqtt::PacketId& next_id) {
  TOMBO_ASSERT(open_ < 65535);
  do {
    if (++next_id == 0) next_id = 1;
  } while (find(next_id) != nullptr);
  delivery.packet_id = next_id;
  return append(std::move(delivery));
}

bool InFlight::restore(Delivery delivery) {
  if (delivery.packet_id == 0 || open_ == 65535 || find(delivery.packet_id) != nullptr) return false;
  append(std::move(delivery));
  return true;
}

Delivery& InFlight::append(Delivery delivery) {
  if (count_ == ring_.size()) {
    if (open_ <= count_ / 2 && count_ != 0) {
      compact();
    } else {
      grow();
    }
  }
  // Identifiers have come around and passed the oldest one, which is still in use.
  if (count_ != 0 && distance(delivery.packet_id) < distance(at(count_ - 1).packet_id)) ordered_ = false;
  Delivery& added = at(count_++) = std::move(delivery);
  ++open_;
  if (added.message) payload_bytes_ += added.message->payload().size();
  return added;
}

Delivery* InFlight::find(mqtt::PacketId id) {
  if (count_ == 0) return nullptr;
  if (!ordered_) {
    for (std::size_t i = 0; i < count_; ++i) {
      Delivery& delivery = at(i);
      if (delivery.packet_id == id && delivery.state != FlightState::done) return &delivery;
    }
    return nullptr;
  }
  // Identifiers are given in order, so the distance from the first one is usually the position, and never less.
  const mqtt::PacketId wanted = distance(id);
  if (wanted > distance(at(count_ - 1).packet_id)) return nullptr;
  std::size_t low = 0;
  std::size_t high = std::min<std::size_t>(count_, std::size_t{wanted} + 1);
  if (high == std::size_t{wanted} + 1 && at(wanted).packet_id == id) {
    low = wanted;
  } else {
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (distance(at(middle).packet_id) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (at(low).packet_id != id) return nullptr;
  }
  Delivery& delivery = at(low);
  return delivery.state == FlightState::done ? nullptr : &delivery;
}

bool InFlight::is_ordered() {
  for (std::size_t i = 1; i < count_; ++i) {
    if (distance(at(i).packet_id) < distance(at(i - 1).packet_id)) return false;
  }
  return true;
}

void InFlight::finish(Delivery& delivery) {
  delivery.state = FlightState::done;
  if (delivery.message) payload_bytes_ -= delivery.message->payload().size();
  delivery.message = nullptr;
  delivery.extra = nullptr;
  --open_;
  const std::size_t before = count_;
  while (count_ != 0 && at(0).state == FlightState::done) {
    head_ = (head_ + 1) & (ring_.size() - 1);
    --count_;
  }
  if (!ordered_ && count_ != before) ordered_ = is_ordered();
  if (count_ == 0) {
    head_ = 0;
    if (ring_.size() > kKept) ring_ = {};
  }
}

}  // namespace tombo::session
