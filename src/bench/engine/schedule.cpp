#include "bench/engine/schedule.hpp"

#include "bench/engine/client.hpp"

#include <cstdint>

namespace tombo::bench::engine {

void Schedule::set_up(const std::vector<Client*>& own, std::uint32_t publishers, double rate) {
  own_ = own;
  publishers_ = publishers;
  step_ns_ = 1e9 / rate;
}

void Schedule::begin(std::int64_t from_ns) {
  from_ns_ = from_ns;
  for (Client* const client : own_) {
    const double first = static_cast<double>(client->spec().index) * step_ns_;
    client->publisher()->schedule(from_ns + static_cast<std::int64_t>(first), step_ns_ * publishers_);
  }
}

std::int64_t Schedule::next_due_ns() const {
  if (!is_on() || own_.empty()) return INT64_MAX;
  const auto slot = static_cast<double>(round_ * publishers_ + own_[position_]->spec().index);
  return from_ns_ + static_cast<std::int64_t>(slot * step_ns_);
}

void Schedule::release(std::int64_t now) {
  while (next_due_ns() <= now) {
    own_[position_]->publisher()->release(round_ + 1);
    own_[position_]->wake();
    if (++position_ < own_.size()) continue;
    position_ = 0;
    ++round_;
  }
}

}  // namespace tombo::bench::engine
