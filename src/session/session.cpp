#include "session/session.hpp"

#include <algorithm>
#include <utility>

namespace tombo::session {

using mqtt::PacketType;
using mqtt::Qos;
using mqtt::ReasonCode;

bool Session::encode(mqtt::WriteBatch& out, Peer& peer, mqtt::PublishOut& publish) {
  if (peer.topic_alias_maximum == 0) return mqtt::encode_publish(out, peer.format, publish);

  if (!peer.out_aliases) peer.out_aliases = std::make_unique<OutboundAliases>(peer.topic_alias_maximum);
  const auto use = peer.out_aliases->use((*publish.message)->topic());
  publish.topic_alias = use.alias;
  publish.omit_topic = use.known;
  if (mqtt::encode_publish(out, peer.format, publish)) return true;
  if (use.alias == 0) return false;
  // It may fit without the few bytes of the alias, and must be sent then.  [MQTT-3.1.2-24]
  if (!use.known) peer.out_aliases->forget(use.alias);  // the peer never heard of it
  publish.topic_alias = 0;
  publish.omit_topic = false;
  return mqtt::encode_publish(out, peer.format, publish);
}

bool Session::encode(mqtt::WriteBatch& out, Peer& peer, const Delivery& delivery, bool dup, MonoTime now) {
  mqtt::PublishOut publish;
  publish.message = &delivery.message;
  publish.qos = delivery.qos;
  publish.dup = dup;
  publish.retain = delivery.retain;
  publish.packet_id = delivery.packet_id;
  publish.subscription_ids = delivery.subscription_ids();
  publish.now = now;
  return encode(out, peer, publish);
}

SendResult Session::send_qos0(mqtt::WriteBatch& out, Peer& peer, const Ref<mqtt::Message>& message, bool retain,
                              std::span<const std::uint32_t> subscription_ids, MonoTime now) {
  if (message->expired(now)) return SendResult::expired;
  if (!peer.sees(*message)) return SendResult::outside;
  mqtt::PublishOut publish;
  publish.message = &message;
  publish.retain = retain;
  publish.subscription_ids = subscription_ids;
  publish.now = now;
  return encode(out, peer, publish) ? SendResult::sent : SendResult::too_large;
}

SendResult Session::send(mqtt::WriteBatch& out, Peer& peer, Delivery delivery, MonoTime now) {
  if (delivery.qos == Qos::at_most_once) {
    return send_qos0(out, peer, delivery.message, delivery.retain, delivery.subscription_ids(), now);
  }
  if (delivery.message->expired(now)) return SendResult::expired;
  if (!peer.sees(*delivery.message)) return SendResult::outside;
  Delivery& flying = in_flight().add(std::move(delivery), last_packet_id);
  flying.state = flying.qos == Qos::at_least_once ? FlightState::awaiting_puback : FlightState::awaiting_pubrec;
  if (encode(out, peer, flying, false, now)) return SendResult::sent;
  in_flight_->finish(flying);
  return SendResult::too_large;
}

void Session::begin_resend() {
  unsent_ = 0;
  resend_begins_ = true;
  if (!in_flight_) return;
  in_flight_->for_each([&](Delivery& delivery) {
    delivery.resend = true;
    ++unsent_;
  });
}

std::vector<Delivery> Session::resend(mqtt::WriteBatch& out, Peer& peer, std::span<const mqtt::PacketId> not_yet, MonoTime now) {
  std::vector<Delivery> given_up;
  if (unsent_ == 0) return given_up;
  resend_begins_ = false;
  std::size_t seen = in_flight_->size() - unsent_;
  in_flight_->for_each([&](Delivery& delivery) {
    if (!delivery.resend) return;
    if (std::find(not_yet.begin(), not_yet.end(), delivery.packet_id) != not_yet.end()) return;
    const bool release = delivery.state == FlightState::awaiting_pubcomp;
    if (!release && seen >= peer.receive_maximum) return;
    delivery.resend = false;
    --unsent_;
    ++seen;
    if (release) {
      mqtt::encode_ack(out, peer.format, PacketType::pubrel, delivery.packet_id, ReasonCode::success);
      return;
    }
    const bool dup = delivery.state != FlightState::waiting;
    if (!dup) delivery.state = FlightState::awaiting_pubrec;
    // This connection may accept less than the old one, or see less.
    if (!peer.sees(*delivery.message) || !encode(out, peer, delivery, dup, now)) given_up.push_back(delivery);
  });
  for (const auto& delivery : given_up) in_flight_->finish(*in_flight_->find(delivery.packet_id));
  return given_up;
}

mqtt::PacketId Session::hold(Delivery delivery) {
  Delivery& held = in_flight().add(std::move(delivery), last_packet_id);
  held.state = FlightState::waiting;
  return held.packet_id;
}

SendResult Session::send_held(mqtt::WriteBatch& out, Peer& peer, mqtt::PacketId id, MonoTime now) {
  Delivery* held = delivery_of(id);
  if (held == nullptr || held->state != FlightState::waiting || held->resend) return SendResult::sent;
  if (!peer.sees(*held->message)) {
    in_flight_->finish(*held);
    return SendResult::outside;
  }
  if (!held->message->expired(now)) {
    held->state = FlightState::awaiting_pubrec;
    if (encode(out, peer, *held, false, now)) return SendResult::sent;
    in_flight_->finish(*held);
    return SendResult::too_large;
  }
  in_flight_->finish(*held);
  return SendResult::expired;
}

bool Session::restore_in_flight(Delivery delivery) {
  delivery.resend = true;
  last_packet_id = std::max(last_packet_id, delivery.packet_id);
  if (!in_flight().restore(std::move(delivery))) return false;
  ++unsent_;
  resend_begins_ = true;
  return true;
}

void Session::resend_later(mqtt::PacketId id) {
  Delivery* delivery = delivery_of(id);
  if (delivery == nullptr || delivery->resend) return;
  delivery->resend = true;
  ++unsent_;
}

void Session::forget(Delivery& delivery) {
  if (delivery.resend) --unsent_;
  in_flight_->finish(delivery);
}

InFlight& Session::in_flight() {
  if (!in_flight_) in_flight_ = std::make_unique<InFlight>();
  return *in_flight_;
}

AckResult Session::on_puback(mqtt::PacketId id) {
  Delivery* delivery = in_flight_ ? in_flight_->find(id) : nullptr;
  if (delivery == nullptr || delivery->state != FlightState::awaiting_puback) return AckResult::unknown;
  forget(*delivery);
  return AckResult::finished;
}

AckResult Session::on_pubrec(mqtt::PacketId id, ReasonCode reason) {
  Delivery* delivery = in_flight_ ? in_flight_->find(id) : nullptr;
  if (delivery == nullptr || delivery->qos != Qos::exactly_once) return AckResult::unknown;
  if (mqtt::is_error(reason)) {  // [MQTT-4.4.0-2]
    forget(*delivery);
    return AckResult::finished;
  }
  if (delivery->resend) {
    delivery->resend = false;
    --unsent_;
  }
  delivery->state = FlightState::awaiting_pubcomp;  // a repeated PUBREC is answered by PUBREL again
  return AckResult::advanced;
}

AckResult Session::on_pubcomp(mqtt::PacketId id) {
  Delivery* delivery = in_flight_ ? in_flight_->find(id) : nullptr;
  if (delivery == nullptr || delivery->state != FlightState::awaiting_pubcomp) return AckResult::unknown;
  forget(*delivery);
  return AckResult::finished;
}

bool Session::begin_receive(mqtt::PacketId id) {
  if (!receiving_) receiving_ = std::make_unique<PacketIdSet>();
  return receiving_->insert(id);
}

bool Session::end_receive(mqtt::PacketId id) { return receiving_ != nullptr && receiving_->erase(id); }

}  // namespace tombo::session
