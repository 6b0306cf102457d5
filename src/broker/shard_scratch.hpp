#pragma once

#include "broker/client_session.hpp"
#include "broker/look_ahead.hpp"
#include "mqtt/packet_views.hpp"
#include "routing/retained_source.hpp"
#include "routing/topic_tree.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tombo::broker {

class Client;

/// What the verbs of a shard say to each other, and what each of them leaves behind for the memory it holds: nothing here
/// means anything once a packet or letter is done with.
/// Lives on: one shard.
struct ShardScratch {
  // How a message reaches one session.
  struct Terms {
    mqtt::Qos qos = mqtt::Qos::at_most_once;
    bool retain = false;
    std::uint32_t subscription_id = 0;
    const Ref<session::DeliveryExtra>* extra = nullptr;
  };
  // A session that several of a topic's filters lead to.
  struct Gathered {
    ClientSession* session;
    Terms terms;
    std::vector<std::uint32_t> subscription_ids;
  };
  // A client that was faster than it may be.
  struct Slowed {
    Client* client;
    MonoTime until;
    bool reads;  // it is not read from; else not written to
  };
  enum class Ask : std::uint8_t { allowed, denied, pending };
  // Why packets that come cannot be taken at the moment.
  enum class MemoryLevel : std::uint8_t { normal, shed_qos0, refuse_connections, refuse_messages };

  static std::uint32_t seconds_of(MonoTime time) { return static_cast<std::uint32_t>(time.time_since_epoch().count() / 1000); }
  static constexpr std::uint32_t kNothingToRecheck = 0xFFFFFFFF;

  // Scratch of one publish, kept for its memory.
  mqtt::PublishView publish_view_;
  std::string mounted_;  // a topic or filter with the mount point of its client
  mqtt::AckView ack_view_;
  routing::MatchResult matched_;
  mqtt::ByteStore* received_ = nullptr;  // within on_bytes()
  LookAhead look_ahead_;
  std::vector<Gathered> gathered_;
  std::uint64_t match_serial_ = 0;
  std::vector<Ref<mqtt::Message>> batch_;
  std::vector<std::shared_ptr<const routing::RetainedSource>> sources_;
};

}  // namespace tombo::broker
