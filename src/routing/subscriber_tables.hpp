#pragma once

#include "mqtt/types.hpp"
#include "routing/ids.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace tombo::routing {

/// One ordinary subscriber of a filter on this shard: which session, which of its subscription records, and all that
/// delivery needs to know of that record, so that it need not be read.
struct Subscriber {
  std::uint32_t session;    // slot on this shard; the two highest numbers never occur
  std::uint32_t record;     // index into that session's subscriptions
  std::uint32_t terms = 0;  // terms_of()

  /// A subscription identifier has 28 bits, the options that delivery asks for have the other four.
  static std::uint32_t terms_of(const mqtt::SubscribeOptions& options, std::uint32_t subscription_id) {
    return subscription_id << 4 | static_cast<std::uint32_t>(options.retain_as_published) << 3 |
           static_cast<std::uint32_t>(options.no_local) << 2 | static_cast<std::uint32_t>(options.qos);
  }
  mqtt::Qos qos() const { return static_cast<mqtt::Qos>(terms & 3); }
  bool no_local() const { return (terms & 4) != 0; }
  bool retain_as_published() const { return (terms & 8) != 0; }
  std::uint32_t subscription_id() const { return terms >> 4; }
};

/// The subscribers of each filter on one shard, found by filter id: O(1) to add and remove, a vector to iterate.
/// A single subscriber (the usual case) is kept inline and allocates nothing.  Memory grows with the filters that have
/// subscribers on this shard, not with the largest filter id.
/// Lives on: one shard.
class SubscriberTables {
 public:
  SubscriberTables();
  ~SubscriberTables();
  SubscriberTables(const SubscriberTables&) = delete;
  SubscriberTables& operator=(const SubscriberTables&) = delete;

  /// Adds at the end; returns the position, which the session's record keeps.
  std::uint32_t add(FilterId filter, Subscriber subscriber);
  /// Swap-remove.  If another subscriber moved into `position`, it is returned so that its record can be corrected
  /// (its new position is `position`).  `empty` tells that the filter has no subscriber on this shard any more.
  struct Removed {
    bool empty = false;
    bool moved = false;
    Subscriber mover{};
  };
  Removed remove(FilterId filter, std::uint32_t position);
  /// The record index of a session's subscription changed (its own swap-remove).
  void renumber(FilterId filter, std::uint32_t position, std::uint32_t record);
  /// The subscription was made anew, with other options.
  void change_terms(FilterId filter, std::uint32_t position, std::uint32_t terms);

  std::span<const Subscriber> of(FilterId filter) const;
  /// Asks for the memory that of() will read.
  void prefetch(FilterId filter) const;
  std::size_t filters() const { return filters_; }

 private:
  /// A filter that has subscribers, or a free place if there are none.  16 bytes, so that none lies across cache lines:
  /// the numbers that are no session's tell what it is, and then a pointer takes the place of the rest.
  struct Entry {
    FilterId filter = 0;
    Subscriber only{kFree, 0};

    static constexpr std::uint32_t kFree = 0xFFFF'FFFF;
    static constexpr std::uint32_t kMany = 0xFFFF'FFFE;
    bool free() const { return only.session == kFree; }
    bool has_many() const { return only.session == kMany; }
    std::vector<Subscriber>& many() const;  // two or more
    void set_many(std::vector<Subscriber>* list);
    std::uint32_t count() const;
    std::span<Subscriber> all() { return has_many() ? std::span(many()) : std::span(&only, 1); }
  };
  static_assert(sizeof(Entry) == 16);
  /// Open addressing without tombstones.  Many small tables rather than one, so that growth is never a long turn.
  struct Segment {
    std::unique_ptr<Entry[]> entries;
    std::uint32_t capacity = 0;
    std::uint32_t used = 0;
  };
  static constexpr unsigned kSegmentBits = 6;
  static constexpr std::uint32_t kCapacityMin = 8;

  static std::uint64_t hash_of(FilterId filter) { return filter * 0x9e3779b97f4a7c15U; }
  static std::uint32_t index_in(const Segment& segment, FilterId filter) {
    return static_cast<std::uint32_t>(hash_of(filter) >> 24) & (segment.capacity - 1);
  }
  Segment& segment_of(FilterId filter) { return segments_[hash_of(filter) >> (64 - kSegmentBits)]; }
  /// The filter's entry or the free place for it; null if the segment has no memory yet.
  static Entry* place_of(const Segment& segment, FilterId filter);
  Entry& existing(FilterId filter, std::uint32_t position);
  static void resize(Segment& segment, std::uint32_t capacity);
  static void erase(Segment& segment, Entry* entry);

  std::array<Segment, std::size_t{1} << kSegmentBits> segments_;
  std::size_t filters_ = 0;
};

}  // namespace tombo::routing
