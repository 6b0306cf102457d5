#pragma once

#include "bridge/topic_map.hpp"
#include "config/bridge_options.hpp"
#include "mqtt/types.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bridge {

/// One connection of a bridge: its options with everything that follows from them.  Immutable.
struct Plan {
  config::Bridge options;
  TopicMap topics;
  std::vector<config::BridgeAddress> addresses;  // with their ports
  std::vector<Wanted> in_filters;                // of topics.in_filters(), those of this connection
  std::string name;  // the bridge's, with ".2" behind it for the second of several connections
  std::string client_id;
  std::string local_client_id;
  std::string notification_topic;  // empty: nothing is said
  mqtt::Version version = mqtt::Version::v3_1_1;
  std::uint32_t part = 0;  // of options.connections

  bool is_v5() const { return version == mqtt::Version::v5; }
};

/// Its plan for each connection, one after the other.  `host`: this machine's name, for client ids that are not given.
std::vector<std::shared_ptr<const Plan>> plans_of(const config::Bridge& options, std::string_view host);

}  // namespace tombo::bridge
