#pragma once

#include "routing/ids.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tombo::broker {

/// Which shard is home to which client id.  Consulted at CONNECT and at a session's end only: the one lock of the
/// control plane.
/// Lives on: any shard.
class Directory {
 public:
  static constexpr std::uint32_t kNoSlot = 0xFFFF'FFFF;

  /// One client id that has a session.  The id stays where it is as long as the entry lives; slot is the home's.
  struct Entry {
    std::string client_id;
    std::uint64_t hash = 0;
    std::uint32_t slot = kNoSlot;
    routing::ShardId shard = 0;
  };

  explicit Directory(std::uint64_t seed) : seed_(seed) {}

  /// The home of a client id, or nothing.
  bool find(std::string_view client_id, routing::ShardId& home) const;
  /// Makes `shard` the home unless the id has one already; null if that is another shard, whose entry it is then.
  Entry* claim(std::string_view client_id, routing::ShardId shard);
  /// The entry of a client id that is at home on this shard, or null.  By the home only.
  Entry* find_at_home(std::string_view client_id, routing::ShardId shard) const;
  /// The session has ended.  By the home only.
  void release(Entry& entry);

  std::uint64_t hash(std::string_view client_id) const;

 private:
  struct Stripe {
    mutable std::mutex mutex;  // protects the entries' places, not their slots
    std::unordered_multimap<std::uint64_t, std::unique_ptr<Entry>> entries;  // by the seeded hash
  };
  static constexpr std::size_t kStripes = 64;

  static Entry* find_in(const Stripe& stripe, std::string_view client_id, std::uint64_t hash);
  Stripe& stripe(std::uint64_t hash) { return stripes_[hash >> 58]; }
  const Stripe& stripe(std::uint64_t hash) const { return stripes_[hash >> 58]; }

  std::uint64_t seed_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace tombo::broker
