#include "broker/inspect.hpp"

#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::broker {

namespace {
std::optional<std::uint64_t> seconds_until(MonoTime due, MonoTime now) {
  if (due == kNever) return std::nullopt;
  return due <= now ? 0 : static_cast<std::uint64_t>((due - now).count() + 999) / 1000;
}

RetainedSeen seen_of(const mqtt::Message& message, MonoTime now) {
  RetainedSeen seen;
  seen.topic = message.topic();
  seen.payload_bytes = message.payload().size();
  seen.age_s = message.age_s(now);
  seen.expires_in_s = seconds_until(message.expires_at(), now);
  seen.qos = static_cast<std::uint8_t>(message.qos());
  return seen;
}

/// Whether a session began after the walk did; such a one may be a client that the walk has met already.
bool is_younger(const ClientSession& session, std::uint32_t begun) {
  return static_cast<std::int32_t>(session.generation - begun) > 0;
}
}  // namespace

void Shard::fill(SessionSeen& seen, const ClientSession& session, bool with_address) const {
  seen.client_id = session.client_id();
  seen.slot = session.slot;
  seen.user_name = session.user_name();
  seen.principal = session.principal;
  seen.queued = queued_messages(session);
  seen.queued_bytes = queued_bytes(session);
  seen.in_flight = session.in_flight_count();
  if (!session.queue.empty()) seen.oldest_s = session.queue.front().message->age_s(now_);
  seen.subscriptions = session.subscriptions.size() + session.shared_count;
  seen.dropped = session.dropped;
  seen.expiry_s = session.expiry_s;
  seen.shard = id_;
  seen.has_will = session.will != nullptr;
  seen.connected = session.connected();
  if (!seen.connected) {
    seen.expires_in_s = seconds_until(session.expires_at, now_);
    return;
  }
  const Client& client = *session.client;
  if (with_address) seen.address = client.transport->peer_address();
  seen.connected_for_s = seconds_of(now_) - client.connected_s;
  seen.publish_received = client.publish_received;
  seen.publish_sent = client.publish_sent;
  seen.keep_alive_s = client.keep_alive_s;
  seen.version = static_cast<std::uint8_t>(client.peer.format.version);
  seen.listener = client.listener;
}

bool Shard::wanted(const SessionQuery& query, const ClientSession& session) const {
  if (is_younger(session, query.begun) || !session.client_id().starts_with(query.prefix)) return false;
  switch (query.of) {
    case SessionQuery::Of::any: break;
    case SessionQuery::Of::connected:
      if (!session.connected()) return false;
      break;
    case SessionQuery::Of::away:
      if (session.connected()) return false;
      break;
    case SessionQuery::Of::lagging:
      if (queued_messages(session) == 0 && session.dropped == 0) return false;
      break;
  }
  if (query.user_name && session.user_name() != *query.user_name) return false;
  if (query.listeners.empty()) return true;
  return session.connected() &&
         std::find(query.listeners.begin(), query.listeners.end(), session.client->listener) != query.listeners.end();
}

SessionsSeen Shard::list_sessions(const SessionQuery& query, std::uint32_t from_slot, std::size_t slots_max) {
  SessionsSeen found;
  const std::uint64_t end = std::min<std::uint64_t>(from_slot + slots_max, sessions_.slots());
  for (found.next_slot = from_slot; found.next_slot < end; ++found.next_slot) {
    const ClientSession* session = sessions_.at(found.next_slot);
    if (session != nullptr && wanted(query, *session)) fill(found.rows.emplace_back(), *session, query.with_address);
  }
  found.end = found.next_slot >= sessions_.slots();
  return found;
}

TrafficSeen Shard::list_traffic(std::uint32_t from_slot, std::size_t slots_max) {
  TrafficSeen found;
  const std::uint64_t end = std::min<std::uint64_t>(from_slot + slots_max, sessions_.slots());
  for (found.next_slot = from_slot; found.next_slot < end; ++found.next_slot) {
    const ClientSession* session = sessions_.at(found.next_slot);
    if (session == nullptr || !session->connected()) continue;
    const Client& client = *session->client;
    found.rows.push_back({session->slot, session->generation, client.connected_s, client.publish_received, client.publish_sent});
  }
  found.end = found.next_slot >= sessions_.slots();
  return found;
}

bool Shard::see_session(std::string_view client_id, SessionSeen& seen) {
  const ClientSession* session = find_session(client_id);
  if (session != nullptr) fill(seen, *session, true);
  return session != nullptr;
}

bool Shard::see_session(const routing::SessionHandle& handle, SessionSeen& seen) {
  const ClientSession* session = sessions_.find(handle);
  if (session != nullptr) fill(seen, *session, true);
  return session != nullptr;
}

void Shard::see_record(const SubscriptionQuery& query, ClientSession& session, std::uint32_t record,
                       SubscriptionsSeen& found) {
  SubscriptionSeen seen;
  if (record < session.subscriptions.size()) {
    const auto& [filter, position] = session.subscriptions[record];
    if (!query.filter.empty() && filter->text() != query.filter) return;
    const routing::Subscriber subscriber = subscribers_.of(filter->id)[position];
    seen.filter = filter->text();
    seen.subscription_id = subscriber.subscription_id();
    seen.qos = static_cast<std::uint8_t>(subscriber.qos());
    seen.no_local = subscriber.no_local();
    seen.retain_as_published = subscriber.retain_as_published();
  } else {
    const SharedSubscription& shared = session.shared()[record - session.subscriptions.size()];
    if (shared.filter == nullptr) return;
    seen.filter = fmt::format("$share/{}/{}", shared.member->group, shared.member->filter);
    if (!query.filter.empty() && seen.filter != query.filter) return;
    seen.subscription_id = shared.subscription_id;
    seen.qos = static_cast<std::uint8_t>(shared.options.qos);
    seen.retain_as_published = shared.options.retain_as_published;
  }
  seen.client_id = session.client_id();
  found.rows.push_back(std::move(seen));
}

SubscriptionsSeen Shard::list_subscriptions(const SubscriptionQuery& query, SubscriptionPlace from,
                                            std::size_t records_max) {
  SubscriptionsSeen found;
  SubscriptionPlace at = from;
  std::uint32_t slots_end = sessions_.slots();
  if (!query.client_id.empty()) {
    const ClientSession* only = find_session(query.client_id);
    slots_end = only == nullptr ? 0 : only->slot + 1;
    if (only != nullptr && at.slot < only->slot) at = {only->slot, 0, 0};
  }
  for (std::size_t left = records_max; at.slot < slots_end && left > 0; --left) {
    ClientSession* session = sessions_.at(at.slot);
    const bool replaced = session != nullptr && at.record != 0 && session->generation != at.generation;
    std::uint32_t count = 0;
    if (session != nullptr && !replaced && !is_younger(*session, query.begun)) {
      count = session->subscriptions.size();
      if (session->has_shared()) count += static_cast<std::uint32_t>(session->shared().size());
    }
    if (at.record >= count) {
      at = {at.slot + 1, 0, 0};
      continue;
    }
    see_record(query, *session, at.record, found);
    at = {at.slot, at.record + 1, session->generation};
  }
  found.next = at;
  found.end = at.slot >= slots_end;
  return found;
}

std::optional<mqtt::ReasonCode> disconnect_reason(std::string_view text) {
  for (unsigned code = 0x80; code <= 0xFF; ++code) {
    const auto reason = static_cast<mqtt::ReasonCode>(code);
    if (!mqtt::may_carry(mqtt::PacketType::disconnect, reason, mqtt::Sender::server)) continue;
    if (text == mqtt::name_of(reason) || text == fmt::format("0x{:02x}", code) || text == fmt::format("0x{:02X}", code)) {
      return reason;
    }
  }
  return std::nullopt;
}

RetainedListing::RetainedListing(Core& core, std::string_view filter) : core_(core), cursor_(core.retained.walk(filter)) {}

std::unique_ptr<RetainedListing> RetainedListing::begin(Core& core, std::string_view filter) {
  const auto parsed = mqtt::parse_filter(filter);
  if (!parsed.valid || parsed.shared) return nullptr;
  return std::unique_ptr<RetainedListing>(new RetainedListing(core, filter));
}

bool RetainedListing::next(std::size_t messages_max, std::size_t nodes_max, MonoTime now, std::vector<RetainedSeen>& rows) {
  std::vector<Ref<mqtt::Message>> messages;
  const bool more = core_.retained.next(*cursor_, messages_max, nodes_max, now, messages);
  for (const auto& message : messages) rows.push_back(seen_of(*message, now));
  return more;
}

bool see_retained(const Core& core, std::string_view topic, std::size_t payload_max, MonoTime now, RetainedSeen& seen,
                  std::string& payload) {
  const Ref<mqtt::Message> message = core.retained.find(topic);
  if (!message || message->expired(now)) return false;
  seen = seen_of(*message, now);
  payload = mqtt::text_of(message->payload().first(std::min(payload_max, message->payload().size())));
  return true;
}

}  // namespace tombo::broker
