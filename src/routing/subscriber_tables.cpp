#include "routing/subscriber_tables.hpp"

#include "base/assert.hpp"

#include <bit>
#include <utility>

namespace tombo::routing {

std::vector<Subscriber>& SubscriberTables::Entry::many() const {
  return *std::bit_cast<std::vector<Subscriber>*>(std::uint64_t{only.terms} << 32 | only.record);
}

void SubscriberTables::Entry::set_many(std::vector<Subscriber>* list) {
  const auto word = std::bit_cast<std::uint64_t>(list);
  only = {kMany, static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)};
}

std::uint32_t SubscriberTables::Entry::count() const {
  if (free()) return 0;
  return has_many() ? static_cast<std::uint32_t>(many().size()) : 1;
}

SubscriberTables::SubscriberTables() = default;

SubscriberTables::~SubscriberTables() {
  for (Segment& segment : segments_) {
    for (std::uint32_t i = 0; i < segment.capacity; ++i) {
      if (segment.entries[i].has_many()) delete &segment.entries[i].many();
    }
  }
}

std::uint32_t SubscriberTables::add(FilterId filter, Subscriber subscriber) {
  Segment& segment = segment_of(filter);
  if ((segment.used + 1) * 4 > segment.capacity * 3) {
    resize(segment, segment.capacity == 0 ? kCapacityMin : segment.capacity * 2);
  }
  Entry& entry = *place_of(segment, filter);
  if (entry.free()) {
    entry.filter = filter;
    entry.only = subscriber;
    ++segment.used;
    ++filters_;
    return 0;
  }
  if (entry.has_many()) {
    entry.many().push_back(subscriber);
  } else {
    entry.set_many(new std::vector<Subscriber>{entry.only, subscriber});
  }
  return entry.count() - 1;
}

SubscriberTables::Removed SubscriberTables::remove(FilterId filter, std::uint32_t position) {
  Entry& entry = existing(filter, position);
  if (!entry.has_many()) {
    --filters_;
    erase(segment_of(filter), &entry);
    return {.empty = true};
  }
  std::vector<Subscriber>& many = entry.many();
  Removed removed;
  removed.moved = position + 1 < many.size();
  if (removed.moved) removed.mover = many[position] = many.back();
  many.pop_back();
  if (many.size() == 1) {
    entry.only = many.front();
    delete &many;
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

void SubscriberTables::change_terms(FilterId filter, std::uint32_t position, std::uint32_t terms) {
  existing(filter, position).all()[position].terms = terms;
}

std::span<const Subscriber> SubscriberTables::of(FilterId filter) const {
  const Entry* entry = place_of(segments_[hash_of(filter) >> (64 - kSegmentBits)], filter);
  if (entry == nullptr || entry->free()) return {};
  if (!entry->has_many()) return {&entry->only, 1};
  return entry->many();
}

void SubscriberTables::prefetch(FilterId filter) const {
  const Segment& segment = segments_[hash_of(filter) >> (64 - kSegmentBits)];
  if (segment.capacity != 0) __builtin_prefetch(&segment.entries[index_in(segment, filter)]);
}

SubscriberTables::Entry* SubscriberTables::place_of(const Segment& segment, FilterId filter) {
  if (segment.capacity == 0) return nullptr;
  std::uint32_t i = index_in(segment, filter);
  while (!segment.entries[i].free() && segment.entries[i].filter != filter) i = (i + 1) & (segment.capacity - 1);
  return &segment.entries[i];
}

SubscriberTables::Entry& SubscriberTables::existing(FilterId filter, std::uint32_t position) {
  Entry* entry = place_of(segment_of(filter), filter);
  TOMBO_ASSERT(entry != nullptr && position < entry->count());
  return *entry;
}

void SubscriberTables::resize(Segment& segment, std::uint32_t capacity) {
  Segment larger;
  larger.capacity = capacity;
  larger.used = segment.used;
  if (capacity > 0) larger.entries = std::make_unique<Entry[]>(capacity);
  for (std::uint32_t i = 0; i < segment.capacity; ++i) {
    const Entry& entry = segment.entries[i];
    if (!entry.free()) *place_of(larger, entry.filter) = entry;
  }
  segment = std::move(larger);
}

void SubscriberTables::erase(Segment& segment, Entry* entry) {
  // Those behind move up, so that no search stops at the gap before it has found them.
  const std::uint32_t mask = segment.capacity - 1;
  auto gap = static_cast<std::uint32_t>(entry - segment.entries.get());
  for (std::uint32_t i = (gap + 1) & mask; !segment.entries[i].free(); i = (i + 1) & mask) {
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
