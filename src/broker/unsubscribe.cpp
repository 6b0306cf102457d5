#include "broker/shard.hpp"

#include "mqtt/topic.hpp"

#include <utility>

namespace tombo::broker {

using mqtt::ReasonCode;

void Shard::on_unsubscribe(Client& client, const mqtt::Frame& frame) {
  mqtt::UnsubscribeView unsubscribe;
  const auto decoded = mqtt::decode_unsubscribe(frame, client.peer.format.version, decode_limits_, unsubscribe);
  if (!decoded) return refuse(client, decoded.error());
  if (unsubscribe.count > options_->limits.filters_per_packet) return refuse(client, ReasonCode::quota_exceeded);
  std::vector<ReasonCode> codes;
  codes.reserve(unsubscribe.count);
  // [MQTT-2.2.1-3]
  const bool id_in_use =
      client.peer.format.version == mqtt::Version::v5 && client.session->is_receiving(unsubscribe.packet_id);
  routing_ = {};
  if (client.session->stored && awaits_disk()) routing_.publisher = &client;
  std::vector<ReasonCode> refused;  // by whoever is asked; none: nobody is
  if (core_.authenticator().asks_unsubscribing() && !ask_unsubscribing(client, unsubscribe, refused)) return;
  mqtt::Bytes filters = unsubscribe.filters;
  for (std::uint32_t i = 0; i < unsubscribe.count; ++i) {
    const auto filter = mounted_filter(client, mqtt::next_filter(filters));
    if (!refused.empty() && mqtt::is_error(refused[i])) {
      codes.push_back(refused[i]);
      continue;
    }
    codes.push_back(id_in_use ? ReasonCode::packet_identifier_in_use : unsubscribe_one(*client.session, filter));
    if (lines_.packets()) lines_.wants_no_more(filter);
    if (codes.back() == ReasonCode::success) lines_.unsubscribed(client, filter);
    if (core_.events != nullptr && codes.back() == ReasonCode::success) tell_unsubscribed(client, filter);
  }
  routing_.publisher = nullptr;
  acknowledge(client, PendingAck{std::exchange(routing_.hold, nullptr), mqtt::PacketType::unsuback, unsubscribe.packet_id,
                                 ReasonCode::success, std::move(codes)});
}

/// A verdict for each filter; false: one is not there yet.
bool Shard::ask_unsubscribing(Client& client, const mqtt::UnsubscribeView& unsubscribe, std::vector<ReasonCode>& refused) {
  const ClientSession& session = *client.session;
  mqtt::Bytes filters = unsubscribe.filters;
  for (std::uint32_t i = 0; i < unsubscribe.count; ++i) {
    const auto parsed = mqtt::parse_filter(mounted_filter(client, mqtt::next_filter(filters)));
    refused.push_back(ReasonCode::success);
    if (!parsed.valid) continue;
    const auth::Access access{auth::Action::unsubscribe, session.client_id(),      session.principal, client.listener,
                              parsed.filter,             mqtt::Qos::at_most_once, false,             parsed.shared};
    auth::AccessAnswer answer;
    const Ask verdict = ask_access(client, access, answer);
    if (verdict == Ask::pending) return false;
    if (verdict == Ask::denied) refused.back() = answer.reason;
  }
  return true;
}

/// [MQTT-3.10.4-1, MQTT-3.10.4-5]
ReasonCode Shard::unsubscribe_one(ClientSession& session, std::string_view text) {
  const auto parsed = mqtt::parse_filter(text);
  if (!parsed.valid) return ReasonCode::topic_filter_invalid;
  if (parsed.shared) {
    if (!session.has_shared()) return ReasonCode::no_subscription_existed;
    for (auto& shared : session.shared()) {
      if (shared.filter == nullptr || shared.member->group != parsed.share_name) continue;
      if (shared.member->filter != parsed.filter) continue;
      if (session.stored) record_unsubscribed(session, text, routing_hold());
      remove_shared(session, shared);
      return ReasonCode::success;
    }
    return ReasonCode::no_subscription_existed;
  }
  const routing::Filter* filter = core_.tree.find(parsed.filter);
  if (filter == nullptr) return ReasonCode::no_subscription_existed;
  const std::uint32_t record = session.subscriptions.find(filter);
  if (record == session::SubscriptionList::kNone) return ReasonCode::no_subscription_existed;
  if (session.stored) record_unsubscribed(session, text, routing_hold());
  remove_subscription(session, record);
  return ReasonCode::success;
}

void Shard::remove_subscription(ClientSession& session, std::uint32_t record) {
  auto& list = session.subscriptions;
  routing::Filter* filter = list[record].filter;
  const auto removed = subscribers_.remove(filter->id, list[record].position);
  if (removed.moved) sessions_[removed.mover.session].subscriptions[removed.mover.record].position = list[record].position;
  if (session.told_full) filter->full.fetch_sub(1, std::memory_order_relaxed);
  if (mqtt::has_wildcard(filter->text())) --session.wildcard_count;
  list.remove(record);
  if (record < list.size()) {
    // The last record has moved here; its table entry must say so.
    subscribers_.renumber(list[record].filter->id, list[record].position, record);
  }
  counters_.subscriptions.subtract();
  if (removed.empty) core_.tree.remove_shard(filter, id_);
}

/// Deliveries that came this way and wait go on to other members.
void Shard::remove_shared(ClientSession& session, SharedSubscription& shared) {
  --session.shared_count;
  if (mqtt::has_wildcard(shared.member->filter)) --session.wildcard_count;
  core_.tree.remove_member(shared.filter, shared.member->group, *shared.member);
  shared.filter = nullptr;
  shared.member = nullptr;
  // The place is free again when the last delivery that names it has gone; until then `extra` stays.
  const auto index = static_cast<std::uint32_t>(&shared - session.shared().data());
  bool named = false;
  const auto names = [&](const session::Delivery& delivery) { return delivery.shared() && delivery.extra->shared_subscription == index; };
  if (session.has_in_flight()) session.in_flight().for_each([&](session::Delivery& d) { named = named || names(d); });
  session.queue.remove_if([&](const session::Delivery& d) { named = named || names(d); return false; }, [](session::Delivery) {});
  if (!named) shared.extra = nullptr;
  counters_.subscriptions.subtract();
  counters_.shared_subscriptions.subtract();
}

void Shard::remove_all_subscriptions(ClientSession& session) {
  while (session.subscriptions.size() != 0) remove_subscription(session, session.subscriptions.size() - 1);
  if (!session.has_shared()) return;
  for (auto& shared : session.shared()) {
    if (shared.filter != nullptr) remove_shared(session, shared);
  }
}

}  // namespace tombo::broker
