#pragma once

#include "base/clock.hpp"
#include "broker/counters.hpp"
#include "mqtt/packet_views.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::broker {

/// Finds messages that went out over a bridge and have come back.  5.0: each broker that a message passes writes its own
/// id into a user property.  3.x has no room for that: what was sent is remembered for a while, by its hash.
/// Lives on: any thread, without locks; set_node() comes before the shards run.
class LoopGuard {
 public:
  /// User property of a PUBLISH; its value is the id of a broker.
  static constexpr std::string_view kNodeProperty = "tombo-node";
  /// User property of a CONNECT: the client is a bridge.  (3.x has a bit for that.)
  static constexpr std::string_view kBridgeProperty = "tombo-bridge";
  /// Brokers that a message may pass; the property could grow without an end otherwise.
  static constexpr unsigned kNodesMax = 64;
  /// Messages that are remembered; of more, the oldest are forgotten.
  static constexpr std::size_t kRemembered = 65'536;

  explicit LoopGuard(std::uint64_t seed) : seed_(seed) {}

  void set_node(std::string id) { node_ = std::move(id); }
  const std::string& node() const { return node_; }
  /// Makes room for remember(); before the shards run, or by the one that makes the first bridge.
  void begin_remembering();

  /// This message goes to a broker that speaks 3.x.
  void remember(std::string_view topic, mqtt::Bytes payload, MonoTime now, std::uint32_t window_s);
  /// Whether a message that comes from a bridge has been here before.
  bool has_come_round(const mqtt::PublishView& publish, MonoTime now) const;
  /// Whether a CONNECT says that its client is a bridge.
  static bool says_bridge(const mqtt::PropertiesView& connect);

  std::atomic<std::uint64_t> found{0};  // that were not taken on again

 private:
  static constexpr std::size_t kWays = 4;
  struct Table {
    std::atomic<std::uint64_t> entries[kRemembered];  // the hash's upper half and the second in which it is void
  };
  bool passed_here(const mqtt::PublishView& publish) const;
  bool is_remembered(const mqtt::PublishView& publish, MonoTime now) const;
  std::uint64_t hash_of(std::string_view topic, mqtt::Bytes payload) const;

  std::uint64_t seed_;
  std::string node_;
  std::atomic<Table*> table_{nullptr};
  std::unique_ptr<Table> owned_;
};

}  // namespace tombo::broker
