#include "broker/shard.hpp"

#include "mqtt/utf8.hpp"

#include <utility>

namespace tombo::broker {

using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;

// What happens on PUBLISH: resolve the alias, judge it, ask whether it is allowed, route it, answer.

void Shard::on_publish(Client& client, const mqtt::Frame& frame) {
  mqtt::PublishView& publish = publish_view_;
  const auto decoded = mqtt::decode_publish(frame, client.peer.format.version, decode_limits_, publish);
  if (!decoded) return refuse(client, decoded.error());
  if (publish.properties.has(PropertyId::topic_alias) && !resolve_alias(client, publish)) return;
  if (static_cast<std::uint8_t>(publish.qos) > client.qos_max) return refuse(client, ReasonCode::qos_not_supported);
  if (publish.retain && !options_->mqtt.retain_available) return refuse(client, ReasonCode::retain_not_supported);
  if (client.peer.mount && !mount_publish(client, publish)) return;
  take_publish(client, publish);
}

/// Puts the topic in place; false if the packet was refused.  [MQTT-3.2.2-17, MQTT-3.3.2-7, MQTT-3.3.2-12]
bool Shard::resolve_alias(Client& client, mqtt::PublishView& publish) {
  const std::uint16_t alias = publish.properties.topic_alias;
  if (alias > client.topic_alias_max) {
    refuse(client, ReasonCode::topic_alias_invalid);
    return false;
  }
  if (!client.peer.in_aliases) client.peer.in_aliases = std::make_unique<session::InboundAliases>();
  if (!publish.topic.empty()) {
    client.peer.in_aliases->set(alias, publish.topic);
    return true;
  }
  publish.topic = client.peer.in_aliases->find(alias);
  if (!publish.topic.empty()) return true;
  refuse(client, ReasonCode::protocol_error);
  return false;
}

Shard::Ask Shard::ask_publish(Client& client, const mqtt::PublishView& publish, ReasonCode& reason) {
  if (!core_.authenticator().restricts_access()) return Ask::allowed;
  const ClientSession& session = *client.session;
  const auth::Access access{auth::Action::publish, session.client_id(), session.principal, client.listener,
                            publish.topic,          publish.qos,         publish.retain,    false,
                            publish.payload};
  auth::AccessAnswer answer;
  const Ask asked = ask_access(client, access, answer);
  reason = answer.reason;
  return asked;
}

void Shard::take_publish(Client& client, mqtt::PublishView& publish) {
  ClientSession& session = *client.session;
  ReasonCode reason = ReasonCode::not_authorized;
  const Ask verdict = ask_publish(client, publish, reason);
  if (verdict == Ask::pending) return;
  plugin::PublishVerdict said;
  if (core_.events != nullptr && verdict == Ask::allowed && ask_plugins(client, publish, said) == Ask::pending) return;
  if (lines_.packets()) lines_.received_publish(client, publish, verdict == Ask::allowed);
  counters_.publish_received.add();
  ++client.publish_received;
  counters_.publish_bytes_received.add(publish.payload.size());
  if (limits_rates_) count_in(client, publish.payload.size());
  const bool is_v5 = client.peer.format.version == mqtt::Version::v5;
  if (publish.qos == Qos::at_least_once && is_v5 && session.is_receiving(publish.packet_id)) {
    counters_.drop(Drop::refused);
    return answer_publish(client, publish, ReasonCode::packet_identifier_in_use);  // [MQTT-2.2.1-3]
  }
  Qos qos = publish.qos;  // at which it is routed; the answer is for the one that came
  if (verdict == Ask::allowed) reason = obey(said, publish, qos);
  const bool awaited = publish.qos != Qos::at_most_once && journal_.keeps_anything() && sync_of(publish.topic) == config::Sync::ack;
  routing_ = {};
  if (awaited) routing_.publisher = &client;
  if (publish.qos == Qos::exactly_once) {
    // A repeat is answered and not delivered again, nor answered before the first one.  [MQTT-4.3.3-10]
    if (!session.begin_receive(publish.packet_id)) {
      if (session.stored && awaited) record_received(session, publish.packet_id, false, routing_hold());
      return answer_publish(client, publish, ReasonCode::success);
    }
    // [MQTT-3.3.4-7]  QoS 1 is answered at once, so only QoS 2 can pile up.
    if (session.receiving() > options_->limits.receive_maximum && is_v5 && client.own == nullptr) {
      session.end_receive(publish.packet_id);
      routing_ = {};
      return refuse(client, ReasonCode::receive_maximum_exceeded);
    }
  }
  if (verdict == Ask::allowed && !mqtt::is_error(reason)) reason = judge_publish(client, publish);
  if (mqtt::is_error(reason)) {
    counters_.drop(memory_level_ == MemoryLevel::refuse_messages ? Drop::memory : Drop::refused);
    return answer_publish(client, publish, reason);
  }
  if (is_control_request(publish.topic)) return answer_publish(client, publish, answer_control(client, publish.payload));
  // An order to a plugin, which has it already; or what this broker has sent out before.
  const bool done = is_order_to_plugin(publish.topic) || has_come_round(client, publish);
  if (done) return answer_publish(client, publish, ReasonCode::success);
  route_publish(client, publish, qos, awaited);
}

/// The message of a PUBLISH that nothing speaks against; `awaited`: its publisher hears of it when it is on disk.
void Shard::route_publish(Client& client, const mqtt::PublishView& publish, Qos qos, bool awaited) {
  ClientSession& session = *client.session;
  mqtt::MessageParts parts;
  parts.topic = publish.topic;
  parts.payload = publish.payload;
  parts.raw_properties = publish.properties.raw;
  parts.qos = qos;
  parts.retain = publish.retain;
  if (publish.properties.has(PropertyId::message_expiry_interval)) {
    parts.expires_at = now_ + Seconds{publish.properties.message_expiry_interval};
  }
  parts.origin = origin_of(session);
  if (publish.retain) routing_.source = source_of_retained(client);
  if (publish.qos == Qos::exactly_once && session.stored) {
    routing_.publish = std::uint64_t{id_} << 56 | ++publishes_;
    record_received(session, publish.packet_id, false, awaited ? routing_hold() : nullptr);
  }
  answer_publish(client, publish, route(parts, session.entry->hash, &client));
}

bool Shard::is_payload_too_long(mqtt::Bytes payload) const {
  return options_->limits.payload_bytes_max != 0 && payload.size() > options_->limits.payload_bytes_max;
}

/// What speaks against a message that its sender may publish.
ReasonCode Shard::judge_publish(Client& client, const mqtt::PublishView& publish) {
  if (closed_to(client, client.session->client_id(), publish.topic)) return ReasonCode::not_authorized;
  // PUBACK and PUBREC know no "packet too large": that the limit is the operator's is said by "quota exceeded".
  if (is_payload_too_long(publish.payload)) return ReasonCode::quota_exceeded;
  if (options_->mqtt.check_payload_format && publish.properties.payload_format_indicator == 1 &&
      !mqtt::is_valid_payload_text(mqtt::text_of(publish.payload))) {
    return ReasonCode::payload_format_invalid;
  }
  if (publish.qos != Qos::at_most_once && store_refuses() && client.hears_refusals()) {
    return ReasonCode::quota_exceeded;
  }
  if (memory_level_ == MemoryLevel::refuse_messages) {
    if (client.hears_refusals() || publish.qos == Qos::at_most_once) return ReasonCode::quota_exceeded;
    // A bridge's acknowledgements make room, so it must be read from as long as any are due.
    if (client.own != nullptr && client.session->has_in_flight()) return ReasonCode::quota_exceeded;
    // Who is not told has sent this message already, and is not read from until there is room.
    if (!client.paused_for_memory) {
      if (!client.paused_for_mailbox) held_back_.push_back(&client);
      client.paused_for_memory = true;
      client.transport->pause_reading();
    }
  }
  return ReasonCode::success;
}

/// PUBACK, PUBREC or nothing.  An error in PUBREC ends the exchange.  [MQTT-3.3.4-1, MQTT-4.3.3-9]
void Shard::answer_publish(Client& client, const mqtt::PublishView& publish, ReasonCode reason) {
  Ref<store::Hold> hold = std::exchange(routing_.hold, nullptr);
  routing_.publisher = nullptr;
  if (client.state != Client::State::active || publish.qos == Qos::at_most_once) return;
  if (reason == ReasonCode::no_matching_subscribers && !options_->mqtt.tell_no_subscribers) reason = ReasonCode::success;
  if (publish.qos == Qos::at_least_once) {
    return acknowledge(client, mqtt::PacketType::puback, publish.packet_id, reason, std::move(hold));
  }
  if (mqtt::is_error(reason)) {
    client.session->end_receive(publish.packet_id);
    if (client.session->stored) record_received(*client.session, publish.packet_id, true, nullptr);
  }
  acknowledge(client, mqtt::PacketType::pubrec, publish.packet_id, reason, std::move(hold));
}

/// Whether the operator wants publishers to be told that the disk takes nothing.
bool Shard::store_refuses() const {
  return options_->persistence.on_error == config::StoreError::refuse && journal_.keeps_anything() && journal_.sink().failing();
}

}  // namespace tombo::broker
