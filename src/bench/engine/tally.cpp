#include "bench/engine/tally.hpp"

#include "bench/engine/clock.hpp"

#include <algorithm>
#include <utility>

namespace tombo::bench::engine {
namespace {

/// Seconds kept for the conductor at most; it asks far more often.
constexpr std::size_t kClosedMax = 4096;

std::int64_t floor_seconds(std::int64_t ns) {
  return ns >= 0 ? ns / kSecondNs : -((-ns + kSecondNs - 1) / kSecondNs);
}

}  // namespace

void Interval::add(const Interval& other) {
  sent += other.sent;
  acknowledged += other.acknowledged;
  received += other.received;
  bytes_received += other.bytes_received;
  no_subscribers += other.no_subscribers;
  refused += other.refused;
  behind_schedule += other.behind_schedule;
  connects += other.connects;
  errors += other.errors;
  latency.merge(other.latency);
  acknowledge.merge(other.acknowledge);
  round_trip.merge(other.round_trip);
}

std::int64_t Calendar::measured_count() const {
  return (measure_to_ns - measure_from_ns + kSecondNs - 1) / kSecondNs;
}

std::int64_t Calendar::index_of(std::int64_t ns) const {
  if (ns < measure_to_ns) return floor_seconds(ns - measure_from_ns);
  return measured_count() + floor_seconds(ns - measure_to_ns);
}

std::int64_t Calendar::begin_of(std::int64_t index) const {
  const std::int64_t count = measured_count();
  if (index < count) return std::max(measure_from_ns + index * kSecondNs, traffic_from_ns);
  return measure_to_ns + (index - count) * kSecondNs;
}

void Tally::follow(const Calendar& calendar, std::int64_t now) {
  calendar_ = calendar;
  if (running_to_ns_ != INT64_MAX) {
    // The end was moved.
    running_to_ns_ = calendar_.begin_of(running_.index + 1);
    return;
  }
  // What was counted while connecting belongs to no second.  Deliveries stay: another worker may have begun to publish
  // before this one has heard of it.
  running_.connects = running_.errors = 0;
  running_.index = calendar_.index_of(std::max(now, calendar_.traffic_from_ns));
  running_to_ns_ = calendar_.begin_of(running_.index + 1);
}

void Tally::close(std::int64_t now) {
  const std::int64_t next = calendar_.index_of(now);
  close_last();
  running_.index = next;
  running_to_ns_ = calendar_.begin_of(next + 1);
}

void Tally::close_last() {
  if (running_to_ns_ == INT64_MAX) return;
  Interval fresh;
  fresh.index = running_.index + 1;
  std::swap(fresh, running_);
  const std::lock_guard lock(closed_mutex_);
  if (closed_.size() < kClosedMax) closed_.push_back(std::move(fresh));
}

std::vector<Interval> Tally::take() {
  const std::lock_guard lock(closed_mutex_);
  return std::exchange(closed_, {});
}

}  // namespace tombo::bench::engine
