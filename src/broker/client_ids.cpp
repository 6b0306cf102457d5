#include "broker/shard.hpp"
#include "mqtt/utf8.hpp"

#include <algorithm>

namespace tombo::broker {

using mqtt::ReasonCode;
using mqtt::Version;

// Under which client identifier somebody comes: the one in CONNECT, one that is made here, or the user name.

namespace {
/// How identifiers begin that are made for clients of a listener that says nothing else.
constexpr std::string_view kMadePrefix = "tombo-";
/// Bytes of a text in a packet.
constexpr std::size_t kTextMax = 65'535;
}  // namespace

/// Puts the identifier that the client will have into `connect`; `made` keeps it where CONNECT does not.
ReasonCode Shard::settle_client_id(Client& client, mqtt::ConnectView& connect, std::string& made) {
  if (connect.client_id.empty()) {
    if (const auto reason = judge_empty_client_id(client, connect); reason != ReasonCode::success) return reason;
  }
  if (client.id_is_user_name) {
    // Where the transport proves user names, that is the one; what CONNECT claims is looked at after the login.
    const bool proved = listener_of(client).user_name_from != config::UserNameFrom::connect;
    made = proved ? client.transport->peer()->user_name : std::string{connect.user_name};
    if (made.empty()) return ReasonCode::not_authorized;
    connect.client_id = made;
  } else if (connect.client_id.empty()) {
    made = made_client_id(client);
    connect.client_id = made;
  }
  const auto& prefixes = options_->mqtt.client_id_prefixes;
  const bool good = prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
    return connect.client_id.starts_with(prefix);
  });
  return good ? ReasonCode::success : ReasonCode::client_identifier_not_valid;
}

ReasonCode Shard::judge_empty_client_id(const Client& client, const mqtt::ConnectView& connect) const {
  using config::Anonymous;
  if (connect.version == Version::v3_1) return ReasonCode::client_identifier_not_valid;
  // [3.1.1 MQTT-3.1.3-8]
  if (connect.version == Version::v3_1_1 && !connect.clean_start) return ReasonCode::client_identifier_not_valid;
  const config::Listener& listener = listener_of(client);
  if (client.id_is_user_name) return ReasonCode::success;
  const bool allowed = listener.empty_client_id == Anonymous::allow ||
                       (listener.empty_client_id == Anonymous::as_broker && options_->mqtt.allow_empty_client_id);
  return allowed ? ReasonCode::success : ReasonCode::client_identifier_not_valid;
}

/// For a CONNECT without an identifier: the same at each look at it.
std::string Shard::made_client_id(const Client& client) {
  if (client.enhanced) return client.enhanced->login.client_id;
  if (client.verdicts && !client.verdicts->client_id.empty()) return client.verdicts->client_id;
  const std::string& prefix = listener_of(client).auto_id_prefix;
  return core_.make_client_id(prefix.empty() ? kMadePrefix : std::string_view{prefix});
}

/// After the login, which may have given the client another identifier (a plugin does): from now on it is as if CONNECT had
/// said so, but that CONNACK tells it only whom CONNECT named nothing [MQTT-3.2.2-16].  False: it was refused, or goes on at its
/// home.
bool Shard::take_given_id(Client& client, const mqtt::ConnectView& connect, std::string_view& client_id) {
  if (client.given_id().empty()) return true;
  client_id = client.given_id();
  // What judge_connect() has asked about CONNECT's.
  routing::ShardId home;
  ReasonCode reason = connect.has_will ? judge_will(client, client_id, connect.will) : ReasonCode::success;
  if (memory_level_ >= MemoryLevel::refuse_connections && !core_.directory.find(client_id, home)) reason = ReasonCode::quota_exceeded;
  if (client_id.size() > kTextMax || !mqtt::is_valid_text(client_id)) reason = ReasonCode::client_identifier_not_valid;
  if (reason != ReasonCode::success) {
    refuse(client, reason);
    return false;
  }
  if (client.enhanced) client.enhanced->login.client_id = client_id;  // whoever is asked again knows it by this one
  return bring_home(client, client_id);
}

/// After the login: a user name that gives the identifier must be the one that somebody vouched for, or a client would
/// choose whose identifier it takes.
bool Shard::is_named_as_its_user(const Client& client, std::string_view client_id) const {
  return !client.id_is_user_name || client.verdicts->login->principal->user_name == client_id;
}

}  // namespace tombo::broker
