#pragma once

#include "base/clock.hpp"
#include "bridge/plan.hpp"
#include "broker/core.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"
#include "session/topic_aliases.hpp"

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace tombo::bridge {

/// Makes packets for one broker of those of the other.  Packet identifiers are the same on both sides: it is the two
/// sessions, here and there, that know what is in flight, and an acknowledgement of one broker ends what the other has
/// begun.
/// Lives on: one shard.
class Relay {
 public:
  /// What the other broker has said of itself.
  struct Peer {
    std::uint32_t packet_bytes_max = 0xFFFF'FFFF;
    std::uint16_t topic_alias_max = 0;  // that it understands
    mqtt::Qos qos_max = mqtt::Qos::exactly_once;
    bool retain_available = true;
    std::string node;  // its id for loops; empty: not told
  };
  struct Parts {
    broker::Core* core = nullptr;
    std::shared_ptr<const Plan> plan;
    std::shared_ptr<broker::BridgeFigures> figures;
    log::Logger logger;
  };
  explicit Relay(Parts parts) : parts_(std::move(parts)) {}

  /// A new connection to the other broker.
  void begin(const Peer& peer, std::shared_ptr<const Plan> plan, const config::Options& options);
  /// The other broker goes on with a session of which ours knows nothing: QoS 2 messages under identifiers that it
  /// remembers would be taken for repeats, so each is freed before it is used.
  void distrust_ids() { suspect_.set(); }
  void trust_ids() { suspect_.reset(); }

  /// A packet of our broker for the other one; answers that it needs from us go to `local`.
  void outward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& remote, mqtt::WriteBatch& local);
  /// A packet of the other broker for ours.  Fails where it breaks the protocol.
  Result<void, mqtt::ReasonCode> inward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& local,
                                        mqtt::WriteBatch& remote);

 private:
  /// Why a message is not carried.
  enum class Trouble : std::uint8_t { no_way_out, too_long, unasked, unfit };
  static constexpr std::size_t kTroubles = 4;
  static constexpr std::size_t kRefusedHere = 4, kRefusedThere = 5;  // by a reason code

  void publish_outward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& remote, mqtt::WriteBatch& local);
  Result<void, mqtt::ReasonCode> publish_inward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& local,
                                                mqtt::WriteBatch& remote);
  void ack_inward(const mqtt::AckView& ack, mqtt::PacketType type, mqtt::WriteBatch& local);
  bool resolve_alias(mqtt::PublishView& publish);
  bool may_be_taken() const;
  void drop(Trouble trouble, std::string_view topic);
  void give_up(const mqtt::PublishView& publish, Trouble trouble, mqtt::WriteBatch& local);
  bool take(mqtt::PublishView& publish, MonoTime now);
  void copy_properties(mqtt::Bytes raw, std::string_view node);
  bool has_come_round(const mqtt::PublishView& publish, MonoTime now);
  void note_refused(std::string_view who, mqtt::ReasonCode reason, std::size_t kind);

  Parts parts_;
  Peer peer_;
  mqtt::DecodeLimits limits_;
  bool takes_retained_ = true;
  mqtt::PeerFormat remote_format_;
  std::unique_ptr<session::InboundAliases> in_aliases_;
  std::unique_ptr<session::OutboundAliases> out_aliases_;
  std::bitset<65'536> suspect_;                 // identifiers that the other broker may remember
  std::unordered_set<mqtt::PacketId> freed_;    // PUBREL was sent for nothing but that; PUBCOMP will come
  std::unordered_set<mqtt::PacketId> lowered_;  // QoS 2 here and 1 there
  std::bitset<6> told_;                         // on this connection, by Trouble and who refuses

  // Scratch of one packet, kept for its memory.
  mqtt::PublishView view_;
  std::string topic_;
  std::vector<std::uint8_t> properties_;
  std::uint32_t copied_ = 0;  // how many there are in properties_
};

}  // namespace tombo::bridge
