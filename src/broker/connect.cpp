#include "broker/shard.hpp"
#include "mqtt/utf8.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using mqtt::ReasonCode;
using mqtt::Version;

namespace {

bool accepts(const config::Listener& listener, Version version) {
  const std::string_view name = version == Version::v5 ? "5" : version == Version::v3_1_1 ? "3.1.1" : "3.1";
  return std::find(listener.versions.begin(), listener.versions.end(), name) != listener.versions.end();
}

/// Session expiry as this connection asks for it, in seconds.  (packets.md, section 11)
std::uint32_t wanted_expiry(const mqtt::ConnectView& connect) {
  if (connect.version == Version::v5) return connect.properties.session_expiry_interval;
  return connect.clean_start ? 0 : mqtt::kSessionNeverExpires;
}
}  // namespace

// What happens on CONNECT: judge the packet, find the home, ask who it is, take the session, answer.

void Shard::on_connect(Client& client, const mqtt::Frame& frame, mqtt::Bytes packet) {
  mqtt::ConnectView connect;
  connect.version = client.peer.format.version;
  const auto decoded = mqtt::decode_connect(frame, decode_limits_, connect);
  client.peer.format.version = connect.version;
  if (!decoded) return refuse(client, decoded.error());
  if (connect.properties.has(mqtt::PropertyId::maximum_packet_size)) {
    client.peer.format.packet_max = connect.properties.maximum_packet_size;
  }
  client.bridge = connect.bridge || LoopGuard::says_bridge(connect.properties);
  std::string will_topic;
  if (connect.has_will && client.peer.mount && !mount_topic(*client.peer.mount, connect.will.topic, will_topic)) {
    return refuse(client, ReasonCode::topic_name_invalid);
  }
  const bool unnamed = connect.client_id.empty();
  std::string made;
  if (const auto reason = judge_connect(client, connect, made); reason != ReasonCode::success) {
    return refuse(client, reason, drain_ ? drain_->server_reference : options_->redirect.server_reference);
  }
  std::string_view client_id = client.given_id().empty() ? connect.client_id : client.given_id();
  const bool assigned = unnamed && !client.id_is_user_name;
  // Nobody else has an identifier that was made, so the place that was found for it stays.
  const bool settled = (assigned && client.verdicts != nullptr) || client.enhanced != nullptr;
  if (!settled && !bring_home(client, client_id)) return;  // its packet goes with it
  if (client.own == nullptr && client.verdicts == nullptr && !client.enhanced && must_wait(client, connect.user_name)) {
    return refuse(client, ReasonCode::connection_rate_exceeded);
  }
  if (assigned && client.verdicts == nullptr) verdicts_of(client).client_id = client_id;
  if (connect.properties.has(mqtt::PropertyId::authentication_method)) {
    if (!authenticate(client, connect, client_id, packet)) return;
  } else {
    switch (ask_login(client, connect, client_id)) {
      case Ask::pending: return;
      case Ask::denied: return refuse(client, client.verdicts->login->reason);
      case Ask::allowed: break;
    }
  }
  if (!take_given_id(client, connect, client_id)) return;
  if (connect.has_will) {
    const Ask asked = ask_will(client, connect.will, client_id);
    if (asked == Ask::pending) return;
    if (asked == Ask::denied) return refuse(client, ReasonCode::not_authorized);
  }
  if (!is_named_as_its_user(client, client_id)) return refuse(client, ReasonCode::not_authorized);
  if (const auto reason = judge_client_id(client, client_id); reason != ReasonCode::success) return refuse(client, reason);
  accept(client, connect, client_id, unnamed);
  if (client.state != Client::State::active) return;
  client.verdicts.reset();  // they were for this packet
  if (client.enhanced) client.enhanced->connect = {};
}

/// What speaks against this client coming by this identifier, once it is known who it is.
ReasonCode Shard::judge_client_id(const Client& client, std::string_view client_id) {
  if (client.own != nullptr) return ReasonCode::success;
  if (!core_.penalties.may_come_in(client_id, now_)) return ReasonCode::connection_rate_exceeded;
  const bool taken = is_own_session(client_id) || belongs_to_another(client_id, *client.verdicts->login->principal);
  return taken ? ReasonCode::not_authorized : ReasonCode::success;
}

/// The options of the listener by which the client came, as they are now.
const config::Listener& Shard::listener_of(const Client& client) const {
  return options_->listeners[std::min<std::size_t>(client.listener, options_->listeners.size() - 1)];
}

/// Besides, settles the client identifier, which lives as long as `connect` and `made` do.
ReasonCode Shard::judge_connect(Client& client, mqtt::ConnectView& connect, std::string& made) {
  if (client.own != nullptr) return drain_ ? drain_->answer() : ReasonCode::success;
  const auto& limits = options_->limits;
  if (!accepts(listener_of(client), connect.version)) return ReasonCode::unsupported_protocol_version;
  if (drain_) return drain_->answer();
  if (options_->redirect.mode == config::RedirectMode::use_another_server) return ReasonCode::use_another_server;
  if (options_->redirect.mode == config::RedirectMode::server_moved) return ReasonCode::server_moved;
  if (const auto reason = settle_client_id(client, connect, made); reason != ReasonCode::success) return reason;

  // 5.0 clients are told a shorter keep alive; older ones cannot be.
  if (connect.version != Version::v5 && limits.keep_alive_max_s != 65535 &&
      (connect.keep_alive_s == 0 || connect.keep_alive_s > limits.keep_alive_max_s)) {
    return ReasonCode::client_identifier_not_valid;
  }
  if (core_.connections.load(std::memory_order_relaxed) > limits.connections_max) return ReasonCode::server_busy;
  if (!client.moved && !client.rated && !take_accept_token()) return ReasonCode::connection_rate_exceeded;
  client.rated = true;
  // Who has a session may come back: what waits for it can only become less.
  routing::ShardId home;
  if (memory_level_ >= MemoryLevel::refuse_connections && !core_.directory.find(connect.client_id, home)) {
    return ReasonCode::quota_exceeded;
  }
  if (connect.has_will) return judge_will(client, connect.client_id, connect.will);
  return ReasonCode::success;
}

ReasonCode Shard::judge_will(const Client& client, std::string_view client_id, const mqtt::WillView& will) const {
  if (static_cast<std::uint8_t>(will.qos) > client.qos_max) return ReasonCode::qos_not_supported;
  if (closed_to(client, client_id, will.topic)) return ReasonCode::not_authorized;
  if (will.retain && !options_->mqtt.retain_available) return ReasonCode::retain_not_supported;
  if (is_payload_too_long(will.payload)) return ReasonCode::packet_too_large;
  if (will.properties.payload_format_indicator == 1 && options_->mqtt.check_payload_format &&
      !mqtt::is_valid_payload_text(mqtt::text_of(will.payload))) {
    return ReasonCode::payload_format_invalid;
  }
  return ReasonCode::success;
}

bool Shard::keeps_new_sessions() const {
  return options_->placement == config::Placement::fill_first && core_.accepts_here.load(std::memory_order_relaxed) == id_;
}

/// True if this shard is the client id's home; otherwise the connection has been sent there, with what was said of its login,
/// so that nobody is asked twice.
bool Shard::bring_home(Client& client, std::string_view client_id) {
  routing::ShardId home = id_;
  if (!core_.directory.find(client_id, home) && !client.moved && client.own == nullptr && !keeps_new_sessions()) home = core_.place(client_id, *options_);
  if (home == id_) return true;
  Transport& transport = *client.transport;
  std::shared_ptr<Luggage> luggage;
  if (client.verdicts && client.verdicts->login) {
    client.verdicts->used = 0;  // the packet is looked at from its beginning
    luggage = std::make_shared<Luggage>(Luggage{std::move(client.verdicts), std::move(client.enhanced)});
  }
  transport.set_client(nullptr);
  client.transport = nullptr;
  client.state = Client::State::closed;
  client.unlink();
  bury(client);
  transport.move_to(home, std::move(luggage));
  return false;
}

void Shard::accept(Client& client, const mqtt::ConnectView& connect, std::string_view client_id, bool assigned) {
  const auto& limits = options_->limits;
  if (core_.sum(&ShardCounters::sessions) >= limits.sessions_max) {
    routing::ShardId home;
    if (!core_.directory.find(client_id, home)) return refuse(client, ReasonCode::quota_exceeded);
  }
  if (journal_.keeps_anything() && waits_for_end(client, client_id, connect.clean_start)) return;
  bool present = false;
  ClientSession* taken = take_over(connect, client_id, present);
  while (taken == nullptr) {  // another shard has become the home since it was looked up
    if (client.enhanced) return refuse(client, ReasonCode::server_busy);  // its packets cannot be carried along any more
    if (!bring_home(client, client_id)) return;
    taken = take_over(connect, client_id, present);
  }
  ClientSession& session = *taken;
  session.client = &client;
  session.will_due = session.expires_at = kNever;
  session.unlink();
  session.expiry_s = wanted_expiry(connect);
  client.connect_expiry_zero = connect.version == Version::v5 && session.expiry_s == 0;
  if (limits.session_expiry_max_s != mqtt::kSessionNeverExpires && client.own == nullptr) {
    session.expiry_s = std::min(session.expiry_s, limits.session_expiry_max_s);
  }
  session.will = connect.has_will ? std::make_unique<session::Will>(connect.will) : nullptr;
  session.principal = client.verdicts->login->principal;
  session.listener = client.listener;

  client.session = &session;
  client.state = Client::State::active;
  client.connected_s = seconds_of(now_);
  client.peer.receive_maximum = connect.properties.receive_maximum;
  client.peer.topic_alias_maximum = std::min(connect.properties.topic_alias_maximum, limits.topic_alias_max_out);
  client.peer.problem_information = connect.properties.request_problem_information != 0;
  client.keep_alive_s = connect.keep_alive_s;
  if (limits.keep_alive_max_s != 65535 && (connect.keep_alive_s == 0 || connect.keep_alive_s > limits.keep_alive_max_s)) {
    client.keep_alive_s = limits.keep_alive_max_s;
  }
  if (client.own != nullptr) {
    client.keep_alive_s = 0;
    settle_own(session, *client.own);
  }
  arm_keep_alive(client);
  counters_.clients_connected.add();
  if (journal_.keeps_anything()) record_session(session, store::Haste::none);
  if (!send_connack(client, connect, present, assigned)) {
    return close(client, false, Ending::connack_too_large);  // [MQTT-3.1.2-24, MQTT-3.2.0-1]
  }
  lines_.connected(client, connect, present);
  if (lines_.packets()) lines_.sending_connack(client, present, ReasonCode::success);
  if (core_.events != nullptr) tell_connected(client);
  if (!present) return;
  if (client.peer.mount) leave_other_mounts(session);
  if (core_.authenticator().restricts_access()) recheck(session);
  if (judges_receiving_) give_up_forbidden(session);
  member_online(session, true);
  session.begin_resend();
  pump(session);
}

/// The session for this client id, new or resumed; null if it lives on another shard.
ClientSession* Shard::take_over(const mqtt::ConnectView& connect, std::string_view client_id, bool& present) {
  auto* entry = core_.directory.claim(client_id, id_);
  if (entry != nullptr && entry->slot != Directory::kNoSlot && sessions_[entry->slot].connected()) {
    close_elder(*sessions_[entry->slot].client);
    entry = core_.directory.claim(client_id, id_);  // the old session may have ended with its connection
  }
  if (entry != nullptr && entry->slot != Directory::kNoSlot) {
    ClientSession& old = sessions_[entry->slot];
    counters_.sessions_disconnected.subtract();
    if (!connect.clean_start) {
      old.will.reset();  // [MQTT-3.1.3-9]
      present = true;
      return &old;
    }
    end_session(old);
    entry = core_.directory.claim(client_id, id_);
  }
  if (entry == nullptr) return nullptr;
  counters_.sessions.add();
  ClientSession& fresh = sessions_.add(*entry);
  counters_.sessions_begun.set(fresh.generation);
  return &fresh;
}

/// [MQTT-3.1.4-3]  The will goes out unless this reconnect comes within its delay.
void Shard::close_elder(Client& elder) {
  if (elder.peer.format.version == Version::v5) {
    mqtt::encode_disconnect(elder.transport->out(), elder.peer.format, ReasonCode::session_taken_over);
  }
  elder.ends_with(ReasonCode::session_taken_over);
  close(elder, true, Ending::taken_over);
}

/// A session on disk that has ended must not come back after a crash, once its client was told that it is gone: the end is
/// durable before CONNECT is looked at again and answered.  [MQTT-3.1.2-4]
bool Shard::waits_for_end(Client& client, std::string_view client_id, bool clean_start) {
  ClientSession* old = find_session(client_id);
  if (old != nullptr && old->connected() && clean_start && old->stored) {
    close_elder(*old->client);
    old = find_session(client_id);
  }
  if (old != nullptr && !old->connected() && now_ >= old->expires_at) {  // its timer has not come by yet
    expire_session(*old);
  } else if (old != nullptr && old->stored && clean_start) {
    counters_.sessions_disconnected.subtract();
    end_session(*old);
  }
  if (ending_.empty() || !awaits_disk()) return false;
  const auto ending = ending_.find(std::string{client_id});
  if (ending == ending_.end()) return false;
  const auto hold = make_hold(client, 0);
  record(store::RowChanged{store::session_key(ending->second.first), {}, true}, store::Haste::now, hold);  // behind the end
  if (hold->let_go()) return false;
  client.paused_for_verdict = true;
  client.transport->pause_reading();
  wait_for_disk(client, PendingAck{hold, mqtt::PacketType::connect, 0, ReasonCode::success, {}});
  return true;
}

bool Shard::send_connack(Client& client, const mqtt::ConnectView& connect, bool present, bool assigned) {
  const auto& limits = options_->limits;
  const auto& mqtt_options = options_->mqtt;
  mqtt::ConnackOut connack;
  connack.session_present = present && connect.version != Version::v3_1;
  if (connect.version == Version::v5) {
    const ClientSession& session = *client.session;
    if (session.expiry_s != connect.properties.session_expiry_interval) connack.session_expiry_s = session.expiry_s;
    if (limits.receive_maximum != 65535) connack.receive_maximum = limits.receive_maximum;
    if (client.qos_max < 2) connack.maximum_qos = static_cast<mqtt::Qos>(client.qos_max);
    if (!mqtt_options.retain_available) connack.retain_available = false;
    if (client.packet_bytes_max < mqtt::kRemainingLengthMax + mqtt::kFixedHeaderMax) {
      connack.maximum_packet_size = client.packet_bytes_max;
    }
    if (assigned) connack.assigned_client_id = session.client_id();
    if (client.topic_alias_max != 0) connack.topic_alias_maximum = client.topic_alias_max;
    if (!mqtt_options.wildcard_subscriptions) connack.wildcard_subscription_available = false;
    if (!mqtt_options.subscription_ids) connack.subscription_identifier_available = false;
    if (!mqtt_options.shared_subscriptions) connack.shared_subscription_available = false;
    if (client.keep_alive_s != connect.keep_alive_s) connack.server_keep_alive_s = client.keep_alive_s;
    if (connect.properties.request_response_information == 1) {
      connack.response_information = mqtt_options.response_information;
    }
  }
  // A bridge learns our id, since what it fetches here does not hold it.
  const std::pair<std::string_view, std::string_view> node{LoopGuard::kNodeProperty, core_.loops.node()};
  if (client.bridge && !core_.loops.node().empty()) connack.diagnostics.user_properties = {&node, 1};
  if (client.enhanced) {
    connack.authentication_method = client.enhanced->method;
    if (!client.enhanced->data.empty()) {
      connack.authentication_data = mqtt::Bytes{reinterpret_cast<const std::uint8_t*>(client.enhanced->data.data()), client.enhanced->data.size()};
    }
  }
  if (!mqtt::encode_connack(client.transport->out(), client.peer.format, connack)) return false;
  counters_.packets_sent.add();
  return true;
}

}  // namespace tombo::broker
