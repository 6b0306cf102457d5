#pragma once

#include "base/clock.hpp"
#include "base/timer_wheel.hpp"
#include "mqtt/encode.hpp"
#include "mqtt/reason_code.hpp"
#include "session/in_flight.hpp"
#include "session/outbound_queue.hpp"
#include "session/packet_id_set.hpp"
#include "session/peer.hpp"
#include "session/subscription.hpp"
#include "session/will.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tombo::session {

enum class SendResult : std::uint8_t {
  sent,
  too_large,  // more than the client accepts: dropped, counts as delivered  [MQTT-3.1.2-25]
  expired,    // [MQTT-3.3.2-5]
  outside,    // of the client's mount point: dropped
};

/// How much may be on its way to a client before it acknowledges something, besides what it says itself.
struct Window {
  std::uint16_t messages = 65'535;
  std::uint64_t payload_bytes = 0;  // 0: no limit; one message always goes
};

/// What an acknowledgement did.
enum class AckResult : std::uint8_t {
  finished,   // the packet identifier is free again
  advanced,   // QoS 2: the next step is due (PUBREL)
  unknown,    // no such identifier, or not in this state
};

/// One client's protocol state: what outlives its connections.  Sans I/O: it encodes into the batch it is given and
/// never asks what time it is.  Everything that an idle client does not need is allocated when it is needed.
/// Lives on: one shard, its home.
class Session : public TimerNode {
 public:
  /// `kind` is the TimerNode's; the timer runs while the client is away (will delay, session expiry).
  explicit Session(std::uint8_t kind) : TimerNode(kind) {}

  // --- towards the client

  /// Sends a QoS 0 message; keeps no reference beyond what the batch gathers.
  SendResult send_qos0(mqtt::WriteBatch& out, Peer& peer, const Ref<mqtt::Message>& message, bool retain,
                       std::span<const std::uint32_t> subscription_ids, MonoTime now);
  /// Sends a delivery that is new or comes from the queue.  QoS 1/2: needs room in the window.
  SendResult send(mqtt::WriteBatch& out, Peer& peer, Delivery delivery, MonoTime now);
  /// A new connection took the session over: everything unacknowledged has to be sent once more.
  void begin_resend();
  /// Takes a QoS 2 delivery into the window without sending it: its packet identifier has to be durable first, or
  /// after a crash the client would take a resend for a new message.  Returns the identifier.  Needs room in the window.
  mqtt::PacketId hold(Delivery delivery);
  /// Sends a delivery that was held; unless it is there no more.
  SendResult send_held(mqtt::WriteBatch& out, Peer& peer, mqtt::PacketId id, MonoTime now);
  /// After a restart: a delivery that was in flight, under its identifier, in the state in which it was.  It will be
  /// resent.  False if the identifier is taken.
  bool restore_in_flight(Delivery delivery);
  /// The open delivery to the client under this identifier, or null.
  Delivery* delivery_of(mqtt::PacketId id) { return in_flight_ ? in_flight_->find(id) : nullptr; }
  /// Sends what begin_resend() marked, in the old order, under the old identifiers, PUBLISH with DUP, as far as the
  /// client's quota goes; to be called again when acknowledgements made room.  [MQTT-4.4.0-1, MQTT-3.3.1-1]
  /// `not_yet`: identifiers that have to become durable first.  Returns what the client cannot be sent any more.
  std::vector<Delivery> resend(mqtt::WriteBatch& out, Peer& peer, std::span<const mqtt::PacketId> not_yet, MonoTime now);
  /// This delivery's turn in resend() comes once more.
  void resend_later(mqtt::PacketId id);
  bool resending() const { return unsent_ != 0; }
  /// Whether resend() would send something now: without this a shard whose client leaves it without quota would turn
  /// round and round for nothing.
  bool may_resend(const Peer& peer) const {
    return unsent_ != 0 && (resend_begins_ || in_flight_->size() - unsent_ < peer.receive_maximum);
  }
  /// Whether this may be sent as a new QoS 1/2 delivery: nothing old waits and the window has room.
  bool may_send(const Peer& peer, const Window& window, const mqtt::Message& message) const {
    if (unsent_ != 0 || in_flight_count() >= std::min(peer.receive_maximum, window.messages)) return false;
    if (window.payload_bytes == 0 || !has_in_flight()) return true;
    return in_flight_->payload_bytes() + message.payload().size() <= window.payload_bytes;
  }
  AckResult on_puback(mqtt::PacketId id);
  AckResult on_pubrec(mqtt::PacketId id, mqtt::ReasonCode reason);
  AckResult on_pubcomp(mqtt::PacketId id);
  /// Unacknowledged deliveries to the client.
  std::size_t in_flight_count() const { return in_flight_ ? in_flight_->size() : 0; }
  InFlight& in_flight();
  /// Takes a delivery out of the window, as a shared subscription does that gives it to another member.
  void drop_in_flight(Delivery& delivery) { forget(delivery); }
  bool has_in_flight() const { return in_flight_ != nullptr && !in_flight_->empty(); }

  // --- from the client

  /// A QoS 2 PUBLISH arrived: true if it is new, false if it is a repeat.  [MQTT-4.3.3-10]
  bool begin_receive(mqtt::PacketId id);
  /// PUBREL: false if the identifier is not known.
  bool end_receive(mqtt::PacketId id);
  /// Whether a QoS 2 message with this identifier waits for its PUBREL.
  bool is_receiving(mqtt::PacketId id) const { return receiving_ && receiving_->contains(id); }
  template <class Visit>
  void for_each_receiving(Visit&& visit) const {
    if (receiving_) receiving_->for_each(visit);
  }
  std::size_t receiving() const { return receiving_ ? receiving_->size() : 0; }

  OutboundQueue queue;
  SubscriptionList subscriptions;
  std::unique_ptr<Will> will;
  std::uint32_t expiry_s = 0;  // kSessionNeverExpires: never
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint32_t match_index = 0;   // marks for merging overlapping subscriptions during one publish
  std::uint64_t match_serial = 0;
  mqtt::PacketId last_packet_id = 0;
  bool told_full = false;          // this session's filters count it as full
  std::uint32_t dropped = 0;       // messages given up for it, but for QoS 0 while it was away

 private:
  static bool encode(mqtt::WriteBatch& out, Peer& peer, mqtt::PublishOut& publish);
  static bool encode(mqtt::WriteBatch& out, Peer& peer, const Delivery& delivery, bool dup, MonoTime now);

  void forget(Delivery& delivery);

  std::uint32_t unsent_ = 0;  // deliveries in flight that this connection has not seen yet
  bool resend_begins_ = false;  // its PUBRELs, which need no quota, have not been sent
  std::unique_ptr<InFlight> in_flight_;
  std::unique_ptr<PacketIdSet> receiving_;
};

}  // namespace tombo::session
