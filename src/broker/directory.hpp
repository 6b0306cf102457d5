#pragma once

#include "routing/ids.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

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
  /// Makes `shard` the home unless the id has one already; returns the entry either way.
  Entry& claim(std::string_view client_id, routing::ShardId shard);
  /// The session has ended.  By the home only.
  void release(Entry& entry);

  std::uint64_t hash(std::string_view client_id) const;

 private:
  struct HashOf {
    using is_transparent = void;
    const Directory* directory = nullptr;
    std::size_t operator()(std::string_view id) const { return directory->hash(id); }
    std::size_t operator()(const std::unique_ptr<Entry>& entry) const { return entry->hash; }
  };
  struct SameId {
    using is_transparent = void;
    static std::string_view id(std::string_view text) { return text; }
    static std::string_view id(const std::unique_ptr<Entry>& entry) { return entry->client_id; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return id(a) == id(b);
    }
  };
  struct Stripe {
    mutable std::mutex mutex;
    std::unordered_set<std::unique_ptr<Entry>, HashOf, SameId> entries;
  };
  static constexpr std::size_t kStripes = 64;

  Stripe& stripe(std::uint64_t hash) { return stripes_[hash >> 58]; }
  const Stripe& stripe(std::uint64_t hash) const { return stripes_[hash >> 58]; }

  std::uint64_t seed_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace tombo::broker
