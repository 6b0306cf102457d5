#include "broker/shard.hpp"

#include <utility>

namespace tombo::broker {

using mqtt::ReasonCode;

// What clients may do, besides what publish.cpp and subscribe.cpp ask: wills, deliveries, and everything once more when
// the rights have changed.

namespace {
/// Sessions whose subscriptions are looked at in one turn after the rights have changed.
constexpr std::uint32_t kSessionsPerTurn = 64;
}  // namespace

auth::Login Shard::login_of(const Client& client, const mqtt::ConnectView& connect, std::string_view client_id) const {
  auth::Login login;
  login.client_id = client_id;
  login.has_user_name = connect.has_user_name;
  login.user_name = connect.user_name;
  login.has_password = connect.has_password;
  login.password = mqtt::text_of(connect.password);
  login.version = connect.version;
  login.listener = client.listener;
  login.peer = client.transport->peer();
  login.certificate = certificate_for_plugins(client);
  login.clean_start = connect.clean_start;
  login.keep_alive_s = connect.keep_alive_s;
  return login;
}

/// Says why somebody was not let in; what the client is told says less.
void Shard::note_refused_login(const Client& client, const auth::Login& login, ReasonCode reason, std::string_view why) {
  // That nobody could be asked is not the client's failure.
  const bool failed = reason != ReasonCode::server_unavailable && reason != ReasonCode::server_busy;
  if (failed) core_.penalties.login_failed(Penalties::host_of(*login.peer), login.user_name, now_);
  const std::string address = client.transport->peer_address();
  auth::Refusal refusal;
  refusal.kind = auth::Refusal::Kind::connection;
  refusal.client_id = login.client_id;
  refusal.user_name = login.user_name;
  refusal.address = address;
  refusal.reason = why;
  core_.audit.refused(refusal, now_);
}

/// Who has tried too often is not even asked for a password.
bool Shard::must_wait(const Client& client, std::string_view user_name) {
  if (!core_.penalties.anybody_waits(now_)) return false;
  return !core_.penalties.may_log_in(Penalties::host_of(*client.transport->peer()), user_name, now_);
}

/// $SYS is ours alone; $CONTROL, orders to the broker, is open only where rules open it.
bool Shard::closed_to_clients(std::string_view topic) const {
  if (topic.starts_with("$SYS/")) return true;
  return topic.starts_with("$CONTROL/") && !core_.authenticator().restricts_access();
}

/// Sessions belong to the user who made them, where users are known at all.
bool Shard::belongs_to_another(std::string_view client_id, const auth::Principal& principal) {
  if (!core_.authenticator().knows_users()) return false;
  const ClientSession* session = find_session(client_id);
  if (session == nullptr) return false;
  // A client that a backend let in without a name is not whoever comes without one.
  return session->user_name() != principal.user_name || (!session->principal->backend.empty() && principal.backend.empty());
}

Shard::Ask Shard::ask_will(Client& client, const mqtt::WillView& will, std::string_view client_id) {
  if (!core_.authenticator().restricts_access()) return Ask::allowed;
  const auth::Access access{auth::Action::publish, client_id,  client.verdicts->login->principal, client.listener,
                            will.topic,            will.qos,   will.retain, false, will.payload};
  auth::AccessAnswer answer;
  const Ask asked = ask_access(client, access, answer);
  if (asked != Ask::pending) client.verdicts->used = 0;
  return asked;
}

/// Whether a message may be given to this session's client, which is there.  Always answered at once.
bool Shard::may_receive(ClientSession& session, const mqtt::Message& message) {
  const auth::Access access{auth::Action::receive, session.client_id(), session.principal, session.client->listener,
                            message.topic(),       message.qos(),       message.retain()};
  // Where others are asked as well (asked_deliveries.cpp), what is remembered is what they have said.
  if (asks_receiving_) return core_.authenticator().rule_on(access).decision == auth::Decision::allow;
  return judge_access(*session.client, access).decision == auth::Decision::allow;
}

void Shard::note_refused_access(const Client& client, const auth::Access& access, const auth::AccessAnswer& answer) {
  const std::string address = client.transport->peer_address();
  auth::Refusal refusal;
  refusal.kind = access.action == auth::Action::publish ? auth::Refusal::Kind::publish : auth::Refusal::Kind::subscribe;
  refusal.client_id = access.client_id;
  refusal.user_name = access.principal->user_name;
  refusal.address = address;
  refusal.topic = access.topic;
  if (answer.rule) refusal.rule = *answer.rule;
  refusal.reason = name_of(answer.reason);
  core_.audit.refused(refusal, now_);
}

/// The rights have changed: every session's subscriptions are looked at again, some in each turn.
void Shard::rights_changed() {
  recheck_from_ = 0;
  work_left_ = true;
}

void Shard::continue_recheck() {
  if (recheck_from_ == kNothingToRecheck) return;
  const std::uint32_t end = recheck_from_ + kSessionsPerTurn;
  for (; recheck_from_ < end && recheck_from_ < sessions_.slots(); ++recheck_from_) {
    // Those that are away are looked at when their clients come back: only then it is known who they are now.
    ClientSession* session = sessions_.at(recheck_from_);
    if (session != nullptr && session->connected()) recheck(*session);
  }
  if (recheck_from_ >= sessions_.slots()) {
    recheck_from_ = kNothingToRecheck;
  } else {
    work_left_ = true;
  }
}

/// What was in flight when the client left, and may not be sent to it any more.  What it has answered already goes on to
/// its end.
void Shard::give_up_forbidden(ClientSession& session) {
  if (!session.has_in_flight()) return;
  std::vector<mqtt::PacketId> ids;
  session.in_flight().for_each([&](session::Delivery& delivery) {
    if (delivery.state == session::FlightState::awaiting_pubcomp || may_receive(session, *delivery.message)) return;
    ids.push_back(delivery.packet_id);
  });
  for (const mqtt::PacketId id : ids) {
    session::Delivery& delivery = *session.delivery_of(id);
    const session::Delivery given_up = delivery;
    session.drop_in_flight(delivery);
    delivery_done(session, given_up);
    drop_for(session, Drop::refused);
  }
}

/// Takes subscriptions away that the session would not be given any more.
void Shard::recheck(ClientSession& session) {
  if (session.client->trusted()) return;
  const auto denied = [&](std::string_view filter, bool shared) {
    const auth::Access access{auth::Action::subscribe, session.client_id(), session.principal, session.listener, filter,
                              mqtt::Qos::at_most_once, false, shared};
    return core_.authenticator().rule_on(access).decision == auth::Decision::deny;
  };
  std::vector<std::string> gone;
  for (std::uint32_t i = 0; i < session.subscriptions.size(); ++i) {
    const std::string_view filter = session.subscriptions[i].filter->text();
    if (denied(filter, false)) gone.emplace_back(filter);
  }
  for (std::size_t i = 0; session.has_shared() && i < session.shared().size(); ++i) {
    const SharedSubscription& shared = session.shared()[i];
    if (shared.filter != nullptr && denied(shared.filter->text(), true)) gone.push_back(shared_text(shared));
  }
  routing_ = {};
  for (const auto& filter : gone) {
    logger_.info("client {} loses its subscription to {}: it may not read there any more", session.client_id(), filter);
    unsubscribe_one(session, filter);
  }
}

}  // namespace tombo::broker
