#include "routing/subscriber_tables.hpp"

#include "base/assert.hpp"

#include <utility>

namespace tombo::routing {

SubscriberTables::SubscriberTables() = default;

SubscriberTables::~SubscriberTables() {
  for (Segment& segment : segments_) {
    for (std::uint32_t i = 0; i < segment.capacity; ++i) {
      if (segment.entries[i].count > 1) delete segment.entries[i].many;
    }
  }
}

std::uint32_t SubscriberTables::add(FilterId filter, Subscriber subscriber) {
  Segment& segment = segment_of(filter);
  if ((segment.used + 1) * 4 > segment.capacity * 3) {
    resize(segment, segment.capacity == 0 ? kCapacityMin : segment.capacity * 2);
  }
  Entry& entry = *place_of(segment, filter);
  if (entry.count == 0) {
    entry.filter = filter;
    entry.only = subscriber;
    ++segment.used;
    ++filters_;
  } else if (entry.count == 1) {
    entry.many = new std::vector<Subscriber>{entry.only, subscriber};
  } else {
    entry.many->push_back(subscriber);
  }
  return entry.count++;
}

SubscriberTables::Removed SubscriberTables::remove(FilterId filter, std::uint32_t position) {
  Entry& entry = existing(filter, position);
  if (entry.count == 1) {
    --filters_;
    erase(segment_of(filter), &entry);
    return {.empty = true};
  }
  std::vector<Subscriber>& many = *entry.many;
  Removed removed;
  removed.moved = position + 1 < entry.count;
  if (removed.moved) removed.mover = many[position] = many.back();
  many.pop_back();
  if (--entry.count == 1) {
    const Subscriber left = many.front();
    delete entry.many;
    entry.only = left;
  } else if (many.size() * 4 < many.capacity()) {
    std::vector<Subscriber> smaller;
    smaller.reserve(many.size() * 2);
    smaller.assign(many.begin(), many.end());
    many = std::move(smaller);
  }
  return removed;
}

void SubscriberTables::renumber(FilterId filter, std::uint32_t position, std::uint32_t record) {
  existing(filter, position).all()[position].record = record;
}

std::span<const Subscriber> SubscriberTables::of(FilterId filter) const {
  const Entry* entry = place_of(segments_[hash_of(filter) >> (64 - kSegmentBits)], filter);
  if (entry == nullptr || entry->count == 0) return {};
  if (entry->count == 1) return {&entry->only, 1};
  return *entry->many;
}

SubscriberTables::Entry* SubscriberTables::place_of(const Segment& segment, FilterId filter) {
  if (segment.capacity == 0) return nullptr;
  std::uint32_t i = index_in(segment, filter);
  while (segment.entries[i].count > 0 && segment.entries[i].filter != filter) i = (i + 1) & (segment.capacity - 1);
  return &segment.entries[i];
}

SubscriberTables::Entry& SubscriberTables::existing(FilterId filter, std::uint32_t position) {
  Entry* entry = place_of(segment_of(filter), filter);
  TOMBO_ASSERT(entry != nullptr && position < entry->count);
  return *entry;
}

void SubscriberTables::resize(Segment& segment, std::uint32_t capacity) {
  Segment larger;
  larger.capacity = capacity;
  larger.used = segment.used;
  if (capacity > 0) larger.entries = std::make_unique<Entry[]>(capacity);
  for (std::uint32_t i = 0; i < segment.capacity; ++i) {
    const Entry& entry = segment.entries[i];
    if (entry.count > 0) *place_of(larger, entry.filter) = entry;
  }
  segment = std::move(larger);
}

void SubscriberTables::erase(Segment& segment, Entry* entry) {
  // Those behind move up, so that no search stops at the gap before it has found them.
  const std::uint32_t mask = segment.capacity - 1;
  auto gap = static_cast<std::uint32_t>(entry - segment.entries.get());
  for (std::uint32_t i = (gap + 1) & mask; segment.entries[i].count > 0; i = (i + 1) & mask) {
    const std::uint32_t home = index_in(segment, segment.entries[i].filter);
    if (((i - home) & mask) < ((i - gap) & mask)) continue;
    segment.entries[gap] = segment.entries[i];
    gap = i;
  }
  segment.entries[gap] = Entry{};
  --segment.used;
  if (segment.used == 0) {
    resize(segment, 0);
  } else if (segment.capacity > kCapacityMin && segment.used * 8 < segment.capacity) {
    resize(segment, segment.capacity / 2);
  }
}

}  // namespace tombo::routing
