#pragma once

#include "mqtt/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tombo::session {

/// Aliases that a client has given to topics on this connection.  [MQTT-3.3.2-7, MQTT-3.3.2-12]
/// Lives on: the connection's shard.
class InboundAliases {
 public:
  /// Aliases are 1..maximum; the caller has checked the range.
  void set(std::uint16_t alias, std::string_view topic);
  /// Empty if the alias is not known.
  std::string_view find(std::uint16_t alias) const;

 private:
  std::vector<std::string> topics_;
};

/// Aliases that we give to topics on this connection.  A topic gets one by use: the second time it is sent while it is
/// remembered, and takes the place of the alias that was used longest ago.
/// Lives on: the connection's shard.
class OutboundAliases {
 public:
  /// 1..maximum; at least 1.
  explicit OutboundAliases(std::uint16_t maximum);

  struct Use {
    std::uint16_t alias = 0;  // 0: send the topic without alias
    bool known = false;       // the peer knows it: the topic may be left out
  };
  /// What to send for this topic now.  If the packet is not sent after all, forget(alias) must be called.
  Use use(std::string_view topic);
  void forget(std::uint16_t alias);

 private:
  struct Slot {
    std::string topic;
    std::uint64_t last_use = 0;
  };
  std::uint16_t oldest() const;

  /// With fewer places topics that are used in turns would drive one another out before their second use.
  static constexpr std::size_t kSeenMin = 32;

  std::vector<Slot> slots_;  // alias - 1
  std::unordered_map<std::string_view, std::uint16_t> alias_of_;  // keys lie in slots_
  std::vector<std::uint64_t> seen_once_;  // hashes of topics that were sent once, a small direct-mapped table
  std::uint64_t clock_ = 0;
};

}  // namespace tombo::session
