#pragma once

#include "mqtt/types.hpp"

#include <cstdint>
#include <vector>

namespace tombo::bench::engine {

/// Messages of one sender that wait for PUBACK, PUBREC or PUBCOMP, in the order in which they were sent.  Packet
/// identifiers are given out in turn, so that finding one is an index.
class InFlight {
 public:
  struct Entry {
    enum class Stage : std::uint8_t { free, published, released };
    Stage stage = Stage::free;
    std::uint64_t sequence = 0;
    std::int64_t stamp_us = 0;
    std::int64_t sent_ns = 0;
  };

  /// How many may be under way; the peer's Receive Maximum at most.
  void limit(std::uint32_t count) { limit_ = count < kSpanMax ? count : kSpanMax; }
  std::uint32_t count() const { return count_; }
  /// How many more may be sent now.
  std::uint32_t room() const;
  /// room() was not 0.
  mqtt::PacketId add(std::uint64_t sequence, std::int64_t stamp_us, std::int64_t sent_ns);
  /// Null for an identifier that is not under way.
  Entry* find(mqtt::PacketId id);
  void remove(Entry& entry);

  /// Calls visit(id, entry) from the oldest on.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::uint64_t n = oldest_; n != next_; ++n) {
      Entry& entry = at(n);
      if (entry.stage != Entry::Stage::free) visit(id_of(n), entry);
    }
  }
  void clear();

 private:
  static constexpr std::uint32_t kIds = 65'535;
  static constexpr std::uint32_t kSpanMax = kIds;

  static mqtt::PacketId id_of(std::uint64_t ordinal) { return static_cast<mqtt::PacketId>(ordinal % kIds + 1); }
  Entry& at(std::uint64_t ordinal) { return ring_[ordinal & (ring_.size() - 1)]; }
  void grow();

  std::vector<Entry> ring_;
  std::uint64_t oldest_ = 0;  // ordinals: how many messages were added before
  std::uint64_t next_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t limit_ = kSpanMax;
};

}  // namespace tombo::bench::engine
