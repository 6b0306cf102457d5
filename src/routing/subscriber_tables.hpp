#pragma once

#include "routing/ids.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace tombo::routing {

/// One ordinary subscriber of a filter on this shard: which session, and which of its subscription records.
struct Subscriber {
  std::uint32_t session;  // slot on this shard
  std::uint32_t record;   // index into that session's subscriptions
};

/// The subscribers of each filter on one shard, found by filter id: O(1) to add and remove, a vector to iterate.
/// A single subscriber (the usual case) is kept inline and allocates nothing.  Memory grows with the filters that have
/// subscribers on this shard, not with the largest filter id.
/// Lives on: one shard.
class SubscriberTables {
 public:
  SubscriberTables();
  ~SubscriberTables();

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

  std::span<const Subscriber> of(FilterId filter) const;
  std::size_t filters() const;

 private:
  // open addressing: filter id -> {inline subscriber | vector}
};

}  // namespace tombo::routing
