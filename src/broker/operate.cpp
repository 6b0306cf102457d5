#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using mqtt::ReasonCode;

namespace {
/// Retained messages that are looked at for expiry in one second.
constexpr std::size_t kExpiredPerSecond = 10'000;
/// Clients that a drain sends away in one turn: at about 15 µs for each with its socket, below a millisecond.
constexpr std::size_t kDrainedPerTurn = 50;
}  // namespace

void Shard::apply(std::shared_ptr<const config::Options> options) {
  options_ = std::move(options);
  lines_.set(options_);
  sync_topics_.clear();
  for (const auto& entry : options_->persistence.sync_topics) {
    const std::size_t equals = entry.rfind('=');
    const std::string_view level = std::string_view{entry}.substr(equals + 1);
    sync_topics_.emplace_back(entry.substr(0, equals), level == "ack"        ? config::Sync::ack
                                                       : level == "interval" ? config::Sync::interval
                                                                             : config::Sync::off);
  }
  decode_limits_.properties_max = options_->limits.properties_max;
  decode_limits_.topic_levels_max = options_->limits.topic_levels_max;
  accept_tokens_ = options_->limits.connections_per_s;
  upgrades_qos_ = options_->mqtt.upgrade_outgoing_qos;
  limits_rates_ = limits_rates(options_->defence);
  core_.mailbox(id_).set_bytes_max(options_->limits.mailbox_bytes_max);
  if (id_ == 0) {
    core_.penalties.apply(options_->defence);
    core_.audit.set(options_->acl);
    core_.retained.set_limits({options_->limits.retained_messages_max, options_->limits.retained_bytes_max});
  }
}

void Shard::redirect(std::size_t count) {
  std::vector<Client*> newest;
  for (const auto& client : clients_) {
    if (client->state == Client::State::active && client->peer.format.version == mqtt::Version::v5) {
      newest.push_back(client.get());
    }
  }
  std::sort(newest.begin(), newest.end(), [](const Client* a, const Client* b) { return a->number > b->number; });
  newest.resize(std::min(newest.size(), count));
  const bool moved = options_->redirect.mode == config::RedirectMode::server_moved;
  for (Client* client : newest) {
    refuse(*client, moved ? ReasonCode::server_moved : ReasonCode::use_another_server, options_->redirect.server_reference);
  }
}

void Shard::disconnect_all(ReasonCode reason) {
  while (!clients_.empty()) {
    Client& client = *clients_.back();
    if (client.state != Client::State::active) {
      close(client, false, Ending::untold);
      continue;
    }
    if (client.peer.format.version == mqtt::Version::v5) {
      mqtt::encode_disconnect(client.transport->out(), client.peer.format, reason);
    }
    client.ends_with(reason);
    close(client, true, Ending::broker_stops);
  }
}

/// Ends a connection that did nothing wrong.  Its will goes out.  [MQTT-3.1.2-8]
void Shard::dismiss(Client& client, ReasonCode reason, std::string_view server_reference, Ending ending) {
  if (client.peer.format.version == mqtt::Version::v5) {
    mqtt::encode_disconnect(client.transport->out(), client.peer.format, reason, server_reference);
  }
  client.ends_with(reason);
  close(client, true, ending);
}

void Shard::begin_drain(Drain drain) {
  drain_ = std::make_unique<Drain>(std::move(drain));
  core_.draining.store(true, std::memory_order_relaxed);
  work_left_ = true;
}

void Shard::end_drain() {
  drain_.reset();
  core_.draining.store(false, std::memory_order_relaxed);
}

/// Those who have not sent their CONNECT stay, to be told when it comes.
void Shard::continue_drain() {
  std::size_t left = kDrainedPerTurn;
  for (std::size_t i = clients_.size(); i-- > 0 && left > 0 && counters_.clients_connected.get() > 0;) {
    Client& client = *clients_[i];
    if (client.state != Client::State::active) continue;
    dismiss(client, drain_->reason, drain_->server_reference, Ending::drained);
    --left;
  }
  if (counters_.clients_connected.get() > 0) work_left_ = true;
}

ClientSession* Shard::find_session(std::string_view client_id) {
  const auto* entry = core_.directory.find_at_home(client_id, id_);
  return entry == nullptr || entry->slot == Directory::kNoSlot ? nullptr : &sessions_[entry->slot];
}

bool Shard::kick(std::string_view client_id, ReasonCode reason) {
  ClientSession* session = find_session(client_id);
  if (session == nullptr || !session->connected()) return false;
  dismiss(*session->client, reason, {}, Ending::kicked);
  return true;
}

bool Shard::remove_session(std::string_view client_id) {
  ClientSession* session = find_session(client_id);
  if (session == nullptr) return false;
  if (session->connected()) {
    session->expiry_s = 0;  // so that it ends with its connection
    dismiss(*session->client, ReasonCode::administrative_action, {}, Ending::session_removed);
    return true;
  }
  counters_.sessions_disconnected.subtract();
  end_session(*session);
  return true;
}

bool Shard::remove_retained(std::string_view topic) {
  if (!core_.retained.remove(topic)) return false;
  record_retained(topic, nullptr);
  return true;
}

/// The chores that one shard does for all.
void Shard::every_second() {
  core_.audit.tick(now_);
  core_.tree.collect();
  std::vector<std::string> expired;
  core_.retained.expire(now_, kExpiredPerSecond, journal_.keeps_anything() ? &expired : nullptr);
  for (const auto& topic : expired) record_retained(topic, nullptr);
  judge_redirect();
  const std::uint32_t interval = options_->sys.interval_s;
  if (interval == 0 || now_ < next_sys_) return;
  next_sys_ = now_ + Seconds{interval};
  sys_report_.tell(now_, [this](std::string_view topic, std::string_view payload) {
    mqtt::MessageParts parts;
    parts.topic = topic;
    parts.payload = mqtt::bytes_of(payload);
    parts.retain = true;
    routing_ = {};
    route(parts, 0, nullptr);
  });
}

/// Above the high mark the newest 5.0 clients are sent elsewhere until the low mark is reached; then nothing happens
/// until the high mark is passed again.
void Shard::judge_redirect() {
  const auto& redirect_options = options_->redirect;
  const std::uint32_t high = redirect_options.connections_high;
  if (high == 0 || redirect_options.server_reference.empty()) return;
  const std::uint64_t present = core_.sum(&ShardCounters::clients_connected);
  if (present <= high) return;
  const std::uint64_t surplus = present - redirect_options.connections_low;
  for (unsigned shard = 0; shard < core_.shards(); ++shard) {
    const auto id = static_cast<routing::ShardId>(shard);
    const std::uint64_t share = (core_.counters(id).clients_connected.get() * surplus + present - 1) / present;
    if (share == 0) continue;
    core_.mailbox(id).post_call([share](Shard& there) { there.redirect(static_cast<std::size_t>(share)); });
  }
}

}  // namespace tombo::broker
