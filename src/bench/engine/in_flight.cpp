#include "bench/engine/in_flight.hpp"

#include <algorithm>
#include <utility>

namespace tombo::bench::engine {
namespace {

constexpr std::size_t kRingFirst = 64;

}  // namespace

std::uint32_t InFlight::room() const {
  // An identifier that is never acknowledged must not be given out twice.
  const auto span = static_cast<std::uint32_t>(next_ - oldest_);
  return std::min(limit_ > count_ ? limit_ - count_ : 0, kSpanMax - span);
}

mqtt::PacketId InFlight::add(std::uint64_t sequence, std::int64_t stamp_us, std::int64_t sent_ns) {
  if (next_ - oldest_ == ring_.size()) grow();
  at(next_) = Entry{Entry::Stage::published, sequence, stamp_us, sent_ns};
  ++count_;
  return id_of(next_++);
}

InFlight::Entry* InFlight::find(mqtt::PacketId id) {
  if (next_ == oldest_ || id == 0) return nullptr;
  const std::uint64_t ahead = (id + kIds - id_of(oldest_)) % kIds;
  if (ahead >= next_ - oldest_) return nullptr;
  Entry& entry = at(oldest_ + ahead);
  return entry.stage == Entry::Stage::free ? nullptr : &entry;
}

void InFlight::remove(Entry& entry) {
  entry.stage = Entry::Stage::free;
  --count_;
  while (oldest_ != next_ && at(oldest_).stage == Entry::Stage::free) ++oldest_;
}

void InFlight::clear() {
  for (std::uint64_t n = oldest_; n != next_; ++n) at(n).stage = Entry::Stage::free;
  oldest_ = next_;
  count_ = 0;
}

void InFlight::grow() {
  std::vector<Entry> larger(std::max(kRingFirst, ring_.size() * 2));
  for (std::uint64_t n = oldest_; n != next_; ++n) larger[n & (larger.size() - 1)] = at(n);
  ring_ = std::move(larger);
}

}  // namespace tombo::bench::engine
