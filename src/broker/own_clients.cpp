#include "broker/shard.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tombo::broker {

// Clients of the broker's own, which are the local ends of bridges: what is different with them.

namespace {
constexpr std::string_view kStatesBegin = "$SYS/broker/connection/";
constexpr std::string_view kStatesEnd = "/state";
}  // namespace

/// $SYS is closed to clients, but for bridges that say there whether they are connected, as Mosquitto's do.  Not all say that
/// they are bridges: anybody may say so of himself.
bool Shard::closed_to(const Client& client, std::string_view client_id, std::string_view topic) const {
  if (client.trusted()) return false;
  if (!closed_to_clients(topic)) return false;
  if (!topic.starts_with(kStatesBegin) || !topic.ends_with(kStatesEnd)) return true;
  if (topic.size() < kStatesBegin.size() + kStatesEnd.size()) return true;
  topic.remove_prefix(kStatesBegin.size());
  topic.remove_suffix(kStatesEnd.size());
  return !client.bridge && topic != client_id;
}

/// Nobody is asked about a client that we are ourselves.
auth::LoginAnswer Shard::login_of_own(const OwnClient& own) {
  auth::LoginAnswer answer;
  answer.decision = auth::Decision::allow;
  answer.principal = own.trusted() ? auth::nobody() : auth::somebody(own.user_name);
  return answer;
}

/// Whether this session is a bridge's, so that no other client may take it over.
bool Shard::is_own_session(std::string_view client_id) {
  const ClientSession* session = find_session(client_id);
  return session != nullptr && session->own != nullptr;
}

/// The session of a client of our own goes on under the terms that hold now.
void Shard::settle_own(ClientSession& session, const OwnClient& own) {
  session.own = std::make_unique<OwnQueue>(OwnQueue{own.queue, own.figures});
  routing_ = {};
  std::vector<std::string> gone;
  for (std::uint32_t i = 0; i < session.subscriptions.size(); ++i) {
    const std::string_view filter = session.subscriptions[i].filter->text();
    if (std::find(own.filters.begin(), own.filters.end(), filter) == own.filters.end()) gone.emplace_back(filter);
  }
  for (const auto& filter : gone) unsubscribe_one(session, filter);
  if (!own.forget_received) return;
  std::vector<mqtt::PacketId> ids;
  session.for_each_receiving([&](mqtt::PacketId id) { ids.push_back(id); });
  for (const mqtt::PacketId id : ids) {
    session.end_receive(id);
    if (session.stored) record_received(session, id, true, nullptr);
  }
}

/// A message from another broker's bridge that has been here before is answered as if it had been taken.  (Our own bridges
/// look for themselves.)
bool Shard::has_come_round(const Client& client, const mqtt::PublishView& publish) {
  if (!client.bridge || !core_.loops.has_come_round(publish, now_)) return false;
  core_.loops.found.fetch_add(1, std::memory_order_relaxed);
  return true;
}

std::size_t Shard::queue_messages_max(const ClientSession& session) const {
  return session.own ? session.own->terms->messages_max : options_->limits.queue_messages_max;
}

std::uint64_t Shard::queue_bytes_max(const ClientSession& session) const {
  return session.own ? session.own->terms->bytes_max : options_->limits.queue_bytes_max;
}

bool Shard::drops_oldest(const ClientSession& session) const {
  return session.own ? session.own->terms->drop_oldest : options_->mqtt.on_queue_full == config::QueueFull::drop_oldest;
}

std::uint16_t Shard::window_max(const Client& client) const {
  return client.own != nullptr ? client.own->in_flight_max : options_->limits.in_flight_max;
}

}  // namespace tombo::broker
