#include "sim/link.hpp"

#include <algorithm>
#include <cstddef>

namespace tombo::sim {

void Link::send(mqtt::Bytes packet, Note note) {
  if (cut_) return;
  up_.insert(up_.end(), packet.begin(), packet.end());
  sent_ += packet.size();
  notes_.push_back({sent_, note});
}

void Link::move(Rng& rng, bool all) {
  if (cut_) return;
  if (stalled_ && !all) return;
  if (!up_.empty()) {
    const std::size_t count = all || rng.chance(60) ? up_.size() : rng.range(1, static_cast<std::uint32_t>(up_.size()));
    const auto end = up_.begin() + static_cast<std::ptrdiff_t>(count);
    const std::vector<std::uint8_t> bytes(up_.begin(), end);
    up_.erase(up_.begin(), end);
    given_ += count;
    connection_->send(bytes);
  }
  if (closing_ && up_.empty()) return cut();
  const auto fresh = connection_->take_received();
  down_.insert(down_.end(), fresh.begin(), fresh.end());
  if (!fresh.empty() && rng.chance(20)) connection_->give_room(rng.range(1, 300));
  if (rng.chance(70) || all) connection_->give_room(SIZE_MAX);
  if (!down_.empty()) {
    const std::size_t count =
        all || rng.chance(60) ? down_.size() : rng.range(1, static_cast<std::uint32_t>(down_.size()));
    const auto end = down_.begin() + static_cast<std::ptrdiff_t>(count);
    arrived_.insert(arrived_.end(), down_.begin(), end);
    down_.erase(down_.begin(), end);
  }
}

void Link::cut() {
  cut_ = true;
  up_.clear();
  down_.clear();
  if (connection_ != nullptr) connection_->cut();
}

void Link::broker_dies(bool written_arrives) {
  if (!cut_ && written_arrives) {
    const auto fresh = connection_->take_received();
    down_.insert(down_.end(), fresh.begin(), fresh.end());
    arrived_.insert(arrived_.end(), down_.begin(), down_.end());
  }
  cut();
  connection_ = nullptr;
  loss_told = true;
}

void Link::stall(bool on) {
  stalled_ = on;
  connection_->stall(on);
}

void Link::heal() {
  stall(false);
  connection_->give_room(SIZE_MAX);
}

bool Link::moving() const {
  return !cut_ && (!up_.empty() || !down_.empty());
}

bool Link::dead_for_client() const {
  if (cut_) return true;
  return connection_->closed_by_broker() && down_.empty() && arrived_.empty() && !connection_->has_received();
}

}  // namespace tombo::sim
