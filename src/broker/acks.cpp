#include "broker/shard.hpp"

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
  ClientSession& session = *client.session;
  AckResult result = AckResult::unknown;
  switch (frame.type) {
    case PacketType::puback: result = session.on_puback(ack.packet_id); break;
    case PacketType::pubrec: result = session.on_pubrec(ack.packet_id, ack.reason); break;
    case PacketType::pubcomp: result = session.on_pubcomp(ack.packet_id); break;
    default: return on_pubrel(client, ack);
  }
  if (frame.type == PacketType::pubrec) {
    if (result == AckResult::finished) return pump(session);
    // An unknown identifier is answered all the same: the client must get out of its state.
    const auto reason = result == AckResult::advanced ? ReasonCode::success : ReasonCode::packet_identifier_not_found;
    mqtt::encode_ack(client.transport->out(), client.peer.format, PacketType::pubrel, ack.packet_id, reason);
    counters_.packets_sent.add();
    return;
  }
  // An acknowledgement of nothing is ignored: it may belong to a session that has ended.
  if (result == AckResult::finished && (!session.queue.empty() || session.resending() || session.has_shared())) {
    pump(session);
  }
}

/// [MQTT-4.3.3-11, MQTT-3.7.2-1]
void Shard::on_pubrel(Client& client, const mqtt::AckView& ack) {
  const bool known = client.session->end_receive(ack.packet_id);
  acknowledge(client, PacketType::pubcomp, ack.packet_id,
              known ? ReasonCode::success : ReasonCode::packet_identifier_not_found, journal_.appended());
}

/// Sends an acknowledgement as soon as `ticket` is durable, and never before one that was due earlier.
/// [MQTT-4.6.0-2, MQTT-4.6.0-3]
void Shard::acknowledge(Client& client, PacketType type, mqtt::PacketId id, ReasonCode reason, store::Ticket ticket) {
  if (!client.pending_acks && ticket <= journal_.durable()) {
    mqtt::encode_ack(client.transport->out(), client.peer.format, type, id, reason);
    counters_.packets_sent.add();
    return;
  }
  acknowledge(client, PendingAck{ticket, type, id, reason, {}});
}

void Shard::acknowledge(Client& client, PendingAck ack) {
  if (!client.pending_acks && ack.ticket <= journal_.durable()) return write_ack(client, ack);
  if (!client.pending_acks) {
    client.pending_acks = std::make_unique<std::deque<PendingAck>>();
    with_acks_.push_back(&client);
  }
  client.pending_acks->push_back(std::move(ack));
}

void Shard::write_ack(Client& client, const PendingAck& ack) {
  auto& out = client.transport->out();
  counters_.packets_sent.add();
  switch (ack.type) {
    case PacketType::suback: return mqtt::encode_suback(out, client.peer.format, ack.id, ack.codes);
    case PacketType::unsuback: return mqtt::encode_unsuback(out, client.peer.format, ack.id, ack.codes);
    default: return mqtt::encode_ack(out, client.peer.format, ack.type, ack.id, ack.reason);
  }
}

void Shard::on_durable(store::Ticket ticket) {
  std::vector<Client*> waiting = std::exchange(with_acks_, {});
  for (Client* client : waiting) {
    auto& acks = *client->pending_acks;
    while (!acks.empty() && acks.front().ticket <= ticket) {
      write_ack(*client, acks.front());
      acks.pop_front();
    }
    if (acks.empty()) {
      client->pending_acks.reset();
    } else {
      with_acks_.push_back(client);
    }
  }
}

}  // namespace tombo::broker
