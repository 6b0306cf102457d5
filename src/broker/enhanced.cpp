#include "broker/shard.hpp"

#include <utility>

namespace tombo::broker {

using auth::ExchangeAnswer;
using mqtt::ReasonCode;
using Step = auth::ExchangeAnswer::Step;

// Enhanced authentication: at CONNECT the exchange goes on by AUTH packets until the client is let in or not; later it
// may be begun again by AUTH 0x19, while everything else goes on.  [MQTT 4.12]

namespace {
mqtt::Bytes bytes_of(const std::string& text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
}  // namespace

/// The next step of the client's exchange; none: its answer comes later, and the packet is looked at again.
std::optional<ExchangeAnswer> Shard::next_step(Client& client, mqtt::Bytes data) {
  auto answer = ask_step(client, data);
  if (answer && !answer->user_name.empty()) client.enhanced->claimed = answer->user_name;
  return answer;
}

std::optional<ExchangeAnswer> Shard::ask_step(Client& client, mqtt::Bytes data) {
  if (client.verdicts && client.verdicts->step) return std::exchange(client.verdicts->step, std::nullopt);
  if (++client.enhanced->steps > kExchangeStepsMax) {
    return ExchangeAnswer{Step::deny, {}, ReasonCode::not_authorized, nullptr, "the exchange takes too many steps"};
  }
  const std::uint64_t ticket = wait_for_verdict(client);
  Mailbox& mailbox = core_.mailbox(id_);
  auto answer = client.enhanced->exchange->step(mqtt::text_of(data), [&mailbox, ticket](ExchangeAnswer late) {
    mailbox.post_call([ticket, late = std::move(late)](Shard& shard) {
      shard.verdict_came(ticket, [&](Verdicts& verdicts) { verdicts.step = late; });
    });
  });
  if (answer.step == Step::pending) {
    client.paused_for_verdict = true;
    client.transport->pause_reading();
    return {};
  }
  asking_.erase(ticket);
  client.verdicts->ticket = 0;
  return answer;
}

/// A refused login of whoever the client claimed to be in the exchange, or in CONNECT.
void Shard::note_failed_exchange(Client& client, const ExchangeAnswer& answer) {
  auth::Login login = client.enhanced->login;
  if (!client.enhanced->claimed.empty()) login.user_name = client.enhanced->claimed;
  note_refused_login(client, login, answer.reason, answer.why);
}

/// CONNECT named a method: begins the exchange, or takes its next step.  True once the client is let in.
bool Shard::authenticate(Client& client, const mqtt::ConnectView& connect, std::string_view client_id, mqtt::Bytes packet) {
  if (client.verdicts && client.verdicts->login) return true;  // another verdict had to be waited for
  if (!client.enhanced) {
    auto login = login_of(client, connect, client_id);
    auto exchange = core_.authenticator().begin_exchange(connect.properties.authentication_method, login);
    if (!exchange) {
      refuse(client, ReasonCode::bad_authentication_method);
      return false;
    }
    login.password.clear();
    client.enhanced = std::make_unique<Enhanced>();
    client.enhanced->method = connect.properties.authentication_method;
    client.enhanced->login = std::move(login);
    client.enhanced->exchange = std::move(exchange);
  }
  if (client.enhanced->connect.empty()) client.enhanced->connect.assign(packet.begin(), packet.end());
  return take_step(client, connect.properties.authentication_data);
}

/// One step before the client is let in.
bool Shard::take_step(Client& client, mqtt::Bytes data) {
  auto answer = next_step(client, data);
  if (!answer) return false;
  Enhanced& enhanced = *client.enhanced;
  switch (answer->step) {
    case Step::go_on:  // [MQTT-4.12.0-2]
      // The name may be another one than CONNECT's, which was asked about.
      if (!enhanced.claimed.empty() && must_wait(client, enhanced.claimed)) {
        refuse(client, ReasonCode::connection_rate_exceeded);
        return false;
      }
      mqtt::encode_auth(client.transport->out(), client.peer.format, ReasonCode::continue_authentication, enhanced.method,
                        bytes_of(answer->data));
      peer_goes_on(client);
      return false;
    case Step::allow:
      enhanced.exchange.reset();
      enhanced.data = std::move(answer->data);
      enhanced.user_name = answer->principal->user_name;
      enhanced.login.certificate.reset();  // whoever wanted it has it
      verdicts_of(client).login = auth::LoginAnswer{auth::Decision::allow, ReasonCode::success, std::move(answer->principal), {},
                                                    std::move(answer->client_id)};
      return true;
    default:
      note_failed_exchange(client, *answer);
      refuse(client, answer->reason);  // [MQTT-4.12.0-4]
      return false;
  }
}

/// It is the client's turn.  What we took of the time that it has until its CONNECT is accepted does not count; all its
/// own turns together do.
void Shard::peer_goes_on(Client& client) {
  client.last_packet += now_ - client.verdicts->since;
  client.verdicts.reset();
  wheel_.arm(client, client.last_packet + Seconds{options_->limits.connect_timeout_s});
}

/// AUTH before CONNACK: the exchange that CONNECT began goes on.
void Shard::on_first_auth(Client& client, const mqtt::Frame& frame) {
  mqtt::AuthView auth;
  const auto decoded = mqtt::decode_auth(frame, decode_limits_, auth);
  if (!decoded) return refuse(client, decoded.error());
  Enhanced& enhanced = *client.enhanced;
  if (auth.reason != ReasonCode::continue_authentication || auth.properties.authentication_method != enhanced.method) {
    return refuse(client, ReasonCode::protocol_error);  // [MQTT-4.12.0-3, MQTT-4.12.0-5]
  }
  const bool let_in = client.verdicts && client.verdicts->login;
  if (!let_in && !take_step(client, auth.properties.authentication_data)) return;
  const std::vector<std::uint8_t> packet = enhanced.connect;
  const auto again = mqtt::next_frame(packet, packet.size());
  on_connect(client, again.frame, packet);
}

void Shard::on_auth(Client& client, const mqtt::Frame& frame) {
  if (client.peer.format.version != mqtt::Version::v5) return refuse(client, ReasonCode::malformed_packet);
  mqtt::AuthView auth;
  const auto decoded = mqtt::decode_auth(frame, decode_limits_, auth);
  if (!decoded) return refuse(client, decoded.error());
  // Without a method in CONNECT the client may send no AUTH, and none but that one.  [MQTT-4.12.0-7, MQTT-4.12.1-1]
  if (!client.enhanced || auth.properties.authentication_method != client.enhanced->method) {
    return refuse(client, ReasonCode::protocol_error);
  }
  Enhanced& enhanced = *client.enhanced;
  const bool again = auth.reason == ReasonCode::reauthenticate;
  const bool waited = client.verdicts && client.verdicts->step;
  if (again && !waited) {
    if (enhanced.exchange) return refuse(client, ReasonCode::protocol_error);
    enhanced.claimed.clear();
    enhanced.steps = 0;
    enhanced.login.again = client.state == Client::State::active;
    enhanced.exchange = core_.authenticator().begin_exchange(enhanced.method, enhanced.login);
    if (!enhanced.exchange) return refuse(client, ReasonCode::bad_authentication_method);
  }
  if (!enhanced.exchange) return refuse(client, ReasonCode::protocol_error);
  auto answer = next_step(client, auth.properties.authentication_data);
  if (!answer) return;
  if (answer->step == Step::go_on) {
    return mqtt::encode_auth(client.transport->out(), client.peer.format, ReasonCode::continue_authentication,
                             enhanced.method, bytes_of(answer->data));
  }
  enhanced.exchange.reset();
  // A session does not change its owner.  [MQTT-4.12.1-2]
  if (answer->step == Step::deny || answer->principal->user_name != enhanced.user_name) {
    note_failed_exchange(client, *answer);
    return refuse(client, answer->step == Step::deny ? answer->reason : ReasonCode::not_authorized);
  }
  client.session->principal = std::move(answer->principal);
  client.rights.reset();  // they were another login's
  if (core_.authenticator().restricts_access()) recheck(*client.session);
  arm_client_timer(client);
  mqtt::encode_auth(client.transport->out(), client.peer.format, ReasonCode::success, enhanced.method, bytes_of(answer->data));
}

}  // namespace tombo::broker
