#pragma once

#include "support/test_client.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tombo::test {

inline constexpr std::uint32_t kForever = 0xFFFF'FFFF;

/// A 5.0 CONNECT whose session outlives the connection for so long.
inline TestClient::Connect lasting(std::string client_id, std::uint32_t expiry_s = kForever, bool clean_start = false) {
  TestClient::Connect connect;
  connect.client_id = std::move(client_id);
  connect.clean_start = clean_start;
  connect.properties.number(mqtt::PropertyId::session_expiry_interval, expiry_s);
  return connect;
}

/// A 5.0 client that has connected.
inline std::unique_ptr<TestClient> connected(VirtualBroker& broker, std::string client_id,
                                             mqtt::Version version = mqtt::Version::v5) {
  auto client = std::make_unique<TestClient>(broker, version);
  client->connect(std::move(client_id));
  return client;
}

/// A session that waits for its client, with one subscription.
inline void leave_session(VirtualBroker& broker, const std::string& client_id, std::string_view filter,
                          mqtt::Qos qos = mqtt::Qos::at_least_once) {
  TestClient client(broker, mqtt::Version::v5);
  client.connect(lasting(client_id));
  client.subscribe(filter, qos);
  client.disconnect();
}

/// A broker of several shards on which the test decides where each client lives: see place_next().
inline VirtualBroker::Setup setup_of(unsigned shards) {
  VirtualBroker::Setup setup;
  setup.shards = shards;
  setup.options.placement = config::Placement::least_loaded;
  return setup;
}
/// New sessions go to this shard from now on.
inline void place_next(VirtualBroker& broker, routing::ShardId target) {
  for (unsigned shard = 0; shard < broker.core().shards(); ++shard) {
    const auto id = static_cast<routing::ShardId>(shard);
    broker.core().counters(id).load_percent.store(id == target ? 0 : 50, std::memory_order_relaxed);
  }
}
inline std::unique_ptr<TestClient> connected_on(VirtualBroker& broker, routing::ShardId shard, std::string client_id,
                                                mqtt::Version version = mqtt::Version::v5) {
  place_next(broker, shard);
  return connected(broker, std::move(client_id), version);
}

inline std::string payloads(TestClient& client) {
  std::string all;
  for (const auto& publish : client.publishes()) all += (all.empty() ? "" : " ") + publish.payload;
  return all;
}

}  // namespace tombo::test
