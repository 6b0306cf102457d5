#pragma once

#include "auth/authenticator.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::auth::acl {

/// What was decided about the topics that one client uses, so that the rules need not be asked for each message.
/// Bounded: where a new verdict finds no room, it takes the place of another.  Empties itself when the policy's number
/// changes.  A client that has asked for nothing yet has none (a null pointer); an empty one owns no memory.
/// Lives on: the client's shard.
class ClientVerdicts {
 public:
  /// Topics longer than this are not remembered.
  static constexpr std::size_t kTopicBytesMax = 512;

  /// `entries_max`: [acl] cache_entries_max; 0: nothing is remembered.  `seed`: topics are chosen by peers.
  ClientVerdicts(std::size_t entries_max, std::uint64_t seed) : entries_max_(entries_max), seed_(seed) {}

  /// Null: not known.  Good until the next remember().
  const AccessAnswer* find(std::uint64_t policy, const Access& access) const {
    if (policy != policy_ || entries_.empty()) return nullptr;
    const std::uint64_t hash = hash_of(access);
    const Entry* set = &entries_[set_of(hash)];
    for (std::size_t way = 0; way < kWays; ++way) {
      const Entry& entry = set[way];
      if (entry.hash == hash && entry.kind == kind_of(access) && entry.topic == access.topic) return &entry.answer;
    }
    return nullptr;
  }

  /// An answer that is pending is not remembered.
  void remember(std::uint64_t policy, const Access& access, const AccessAnswer& answer);
  std::size_t capacity() const { return entries_.size(); }

 private:
  static constexpr std::size_t kWays = 4;
  struct Entry {
    std::uint64_t hash = 0;  // 0: free
    std::string topic;
    AccessAnswer answer;
    std::uint8_t kind = 0;
  };

  /// All that a verdict may depend on besides the topic.  The answers for deliveries and subscriptions know no QoS.
  static std::uint8_t kind_of(const Access& access) {
    const auto action = static_cast<unsigned>(access.action);
    if (access.action != Action::publish) return static_cast<std::uint8_t>(action | (access.shared ? 32u : 0u));
    return static_cast<std::uint8_t>(action | static_cast<unsigned>(access.qos) << 2 | (access.retain ? 16u : 0u));
  }
  std::uint64_t hash_of(const Access& access) const;
  std::size_t set_of(std::uint64_t hash) const { return (hash >> 8 & (entries_.size() / kWays - 1)) * kWays; }
  bool grow();

  std::size_t entries_max_;
  std::uint64_t seed_;
  std::uint64_t policy_ = 0;
  std::vector<Entry> entries_;  // sets of kWays; their number is a power of two
  std::uint8_t next_way_ = 0;
};

}  // namespace tombo::auth::acl
