#pragma once

#include "mqtt/types.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tombo::sim {

/// What a broker has after a restart, before its first turn, as the world has looked it up.
struct Remains {
  struct Subscription {
    std::string group;  // empty: plain
    std::string filter;
    mqtt::Qos qos = mqtt::Qos::at_most_once;
    bool no_local = false;
    bool retain_as_published = false;
    std::uint32_t id = 0;
  };
  struct Session {
    int client = -1;
    std::uint64_t number = 0;  // in the store
    unsigned shard = 0;
    std::uint32_t expiry_s = 0;
    std::int64_t expires_ms = 0;   // on the world's clock
    std::int64_t will_due_ms = 0;  // likewise
    std::string will;              // its payload; empty: none
    std::vector<Subscription> subscriptions;
    std::set<mqtt::PacketId> received;  // QoS 2 PUBLISH, not released
  };
  std::vector<Session> sessions;
  std::map<std::string, std::string> retained;  // topic -> payload
};

}  // namespace tombo::sim
