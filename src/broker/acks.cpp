#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using mqtt::PacketType;
using mqtt::ReasonCode;
using session::AckResult;

/// PUBACK, PUBREC and PUBCOMP move our deliveries on; PUBREL moves the client's.
void Shard::on_ack(Client& client, const mqtt::Frame& frame) {
  mqtt::AckView& ack = ack_view_;
  const auto decoded = mqtt::decode_ack(frame, client.peer.format.version, decode_limits_, ack);
  if (!decoded) return refuse(client, decoded.error());
  if (lines_.packets()) lines_.received_ack(client, frame.type, ack.packet_id, ack.reason);
  ClientSession& session = *client.session;
  if (frame.type == PacketType::pubrel) return on_pubrel(client, ack);
  const session::Delivery acknowledged = recorded(session, ack.packet_id);
  AckResult result = AckResult::unknown;
  switch (frame.type) {
    case PacketType::puback: result = session.on_puback(ack.packet_id); break;
    case PacketType::pubrec: result = session.on_pubrec(ack.packet_id, ack.reason); break;
    default: result = session.on_pubcomp(ack.packet_id); break;
  }
  if (result == AckResult::finished && acknowledged.seq != 0) delivery_done(session, acknowledged);
  if (frame.type == PacketType::pubrec) {
    if (result == AckResult::finished) return pump(session);
    if (result == AckResult::advanced && acknowledged.seq != 0) {
      if (acknowledged.state == session::FlightState::awaiting_pubrec) return delivery_released(client, acknowledged);
      const auto& not_yet = session.stored->not_yet;
      const bool waits = std::any_of(not_yet.begin(), not_yet.end(), [&](const auto& entry) { return entry.second == ack.packet_id; });
      if (waits) return answer_later(client, ack.packet_id);
      return acknowledge(client, PacketType::pubrel, ack.packet_id, ReasonCode::success, nullptr);
    }
    // An unknown identifier is answered all the same: the client must get out of its state.
    const auto reason = result == AckResult::advanced ? ReasonCode::success : ReasonCode::packet_identifier_not_found;
    mqtt::encode_ack(client.transport->out(), client.peer.format, PacketType::pubrel, ack.packet_id, reason);
    counters_.packets_sent.add();
    return;
  }
  // An acknowledgement of nothing is ignored: it may belong to a session that has ended.
  if (result == AckResult::finished && (!session.queue.empty() || session.resending() || session.has_shared() || on_disk(session))) {
    pump(session);
  }
}

/// A repeated PUBREC whose first one is not durable yet: PUBREL goes when it is, once.
void Shard::answer_later(Client& client, mqtt::PacketId id) {
  const auto answers = [id](const PendingAck& ack) { return ack.type == PacketType::pubrel && ack.id == id; };
  if (client.pending_acks && std::any_of(client.pending_acks->begin(), client.pending_acks->end(), answers)) return;
  client.session->resend_later(id);  // the first one came on another connection
}

/// The delivery under this identifier if it is recorded in the store; else one without a record.
session::Delivery Shard::recorded(ClientSession& session, mqtt::PacketId id) {
  if (!session.stored) return session::Delivery{};
  const session::Delivery* delivery = session.delivery_of(id);
  return delivery == nullptr || delivery->seq == 0 ? session::Delivery{} : *delivery;
}

/// [MQTT-4.3.3-11, MQTT-3.7.2-1]
void Shard::on_pubrel(Client& client, const mqtt::AckView& ack) {
  ClientSession& session = *client.session;
  const bool known = session.end_receive(ack.packet_id);
  Ref<store::Hold> hold;
  if (session.stored && awaits_disk()) hold = make_hold(client, 0);
  // Were it forgotten, a new message under the identifier would be taken for a repeat.  A repeated PUBREL is no different:
  // what the first one wrote may be on its way to the disk still.
  if (session.stored) record_received(session, ack.packet_id, true, hold);
  acknowledge(client, PacketType::pubcomp, ack.packet_id,
              known ? ReasonCode::success : ReasonCode::packet_identifier_not_found, std::move(hold));
}

/// Sends an acknowledgement as soon as nothing holds it, and never before one that was due earlier.  The caller's own
/// hold is given up here.  [MQTT-4.6.0-2, MQTT-4.6.0-3]
void Shard::acknowledge(Client& client, PacketType type, mqtt::PacketId id, ReasonCode reason, Ref<store::Hold> hold) {
  if (hold && hold->let_go()) hold = nullptr;
  if (!client.pending_acks && !hold) {
    if (lines_.packets()) lines_.sending_ack(client, type, id, reason);
    mqtt::encode_ack(client.transport->out(), client.peer.format, type, id, reason);
    counters_.packets_sent.add();
    return;
  }
  wait_for_disk(client, PendingAck{std::move(hold), type, id, reason, {}});
}

void Shard::acknowledge(Client& client, PendingAck ack) {
  if (ack.hold && ack.hold->let_go()) ack.hold = nullptr;
  if (!client.pending_acks && !ack.hold) return write_ack(client, ack);
  wait_for_disk(client, std::move(ack));
}

void Shard::wait_for_disk(Client& client, PendingAck ack) {
  if (!client.pending_acks) client.pending_acks = std::make_unique<std::deque<PendingAck>>();
  client.pending_acks->push_back(std::move(ack));
  if (client.pending_acks->size() < options_->limits.acks_waiting_max || client.paused_for_acks) return;
  client.paused_for_acks = true;
  client.transport->pause_reading();
}

/// Sends the acknowledgements that nothing holds any more.
void Shard::send_acks(Client& client) {
  if (!client.pending_acks) return;
  auto& acks = *client.pending_acks;
  while (!acks.empty() && (!acks.front().hold || !acks.front().hold->held())) {
    if (acks.front().hold) acks.front().hold->owner = nullptr;  // somebody may be about to tell of it
    write_ack(client, acks.front());
    acks.pop_front();
  }
  if (client.paused_for_acks && acks.size() * 2 <= options_->limits.acks_waiting_max) {
    client.paused_for_acks = false;
    resume_if_free(client);
  }
  if (acks.empty()) client.pending_acks.reset();
}

void Shard::write_ack(Client& client, const PendingAck& ack) {
  if (ack.type == PacketType::connect) {  // its CONNECT can be answered now
    client.paused_for_verdict = false;
    return resume_if_free(client);
  }
  auto& out = client.transport->out();
  counters_.packets_sent.add();
  if (lines_.packets()) lines_.sending_ack(client, ack.type, ack.id, ack.reason);
  switch (ack.type) {
    case PacketType::suback: return mqtt::encode_suback(out, client.peer.format, ack.id, ack.codes);
    case PacketType::unsuback: return mqtt::encode_unsuback(out, client.peer.format, ack.id, ack.codes);
    default: return mqtt::encode_ack(out, client.peer.format, ack.type, ack.id, ack.reason);
  }
}

}  // namespace tombo::broker
