#include "broker/shard.hpp"

#include <memory>
#include <string>
#include <utility>

namespace tombo::broker {

using mqtt::ReasonCode;
using plugin::PublishVerdict;
using Kind = plugin::PublishVerdict::Kind;

// What plugins are told and asked.  Everything here is called only where there are some that listen.

namespace {
/// Bytes of a text in a packet.
constexpr std::size_t kTextMax = 65'535;

/// Sessions that are looked at in one turn for whose connections are to end.
constexpr std::uint32_t kKickedPerTurn = 4'096;

/// A client as plugins see it, for one call.
class Seen {
 public:
  Seen(const ClientSession& session, const Client* client)
      : peer_(peer_of(client)),
        view_{session.client_id(), session.principal, peer_, client != nullptr ? client->listener : std::size_t{0},
              client != nullptr ? client->peer.format.version : mqtt::Version::v5,
              session.expiry_s == 0,
              client != nullptr ? client->keep_alive_s : std::uint16_t{0},
              session.subscriptions.size() + session.shared_count} {}
  explicit Seen(const LeftWill& left) : view_{left.client_id, left.principal, peer_, left.listener, mqtt::Version::v5} {}
  Seen(const Seen&) = delete;
  Seen& operator=(const Seen&) = delete;

  const plugin::ClientView& view() const { return view_; }
  void show(std::shared_ptr<const std::string> certificate) { view_.certificate = std::move(certificate); }

 private:
  /// The transport may have gone already.
  static std::shared_ptr<const auth::Peer> peer_of(const Client* client) {
    if (client == nullptr) return nullptr;
    if (client->told) return client->told->peer;
    return client->transport != nullptr ? client->transport->peer() : nullptr;
  }

  std::shared_ptr<const auth::Peer> peer_;
  plugin::ClientView view_;
};
}  // namespace

void Shard::tell_connected(Client& client) {
  client.told = std::make_unique<ToldPlugins>();
  client.told->peer = client.transport->peer();
  Seen seen{*client.session, &client};
  seen.show(certificate_for_plugins(client));
  core_.events->connected(seen.view());
}

/// Null: it has none, or nobody may ask for it.  Nothing here keeps it.
std::shared_ptr<const std::string> Shard::certificate_for_plugins(const Client& client) const {
  if (core_.events == nullptr || !core_.events->wants_certificates()) return nullptr;
  std::string der = client.transport->certificate();
  return der.empty() ? nullptr : std::make_shared<const std::string>(std::move(der));
}

/// Its session is not the client's any more.
void Shard::tell_disconnected(const Client& client, const ClientSession& session) {
  core_.events->disconnected(Seen{session, &client}.view(), client.told->end);
}

void Shard::tell_subscribed(const Client& client, const mqtt::SubscriptionView& wanted, ReasonCode granted,
                            std::uint32_t subscription_id) {
  const plugin::SubscribedView subscription{wanted.filter, wanted.options, static_cast<mqtt::Qos>(granted), subscription_id};
  core_.events->subscribed(Seen{*client.session, &client}.view(), subscription);
}

void Shard::tell_unsubscribed(const Client& client, std::string_view filter) {
  core_.events->unsubscribed(Seen{*client.session, &client}.view(), filter);
}

bool Shard::is_order_to_plugin(std::string_view topic) const {
  return core_.events != nullptr && core_.events->takes_control() && topic.starts_with("$CONTROL/");
}

/// Asks once for each message: not for a QoS 2 message that comes again, nor for what is refused anyway.  Pending: the packet
/// stays where it is, as in
/// verdicts.cpp.
Shard::Ask Shard::ask_plugins(Client& client, const mqtt::PublishView& publish, PublishVerdict& said) {
  if (is_control_request(publish.topic)) return Ask::allowed;  // for the broker itself
  const bool order = is_order_to_plugin(publish.topic);
  if (order && closed_to_clients(publish.topic)) return Ask::allowed;  // and refused by judge_publish()
  if ((!order && !core_.events->watches_publish()) || publish.topic.starts_with("$SYS/")) return Ask::allowed;
  if (publish.qos == mqtt::Qos::exactly_once && client.session->is_receiving(publish.packet_id)) return Ask::allowed;
  if (!client.verdicts || !client.verdicts->publish) {
    const Seen seen{*client.session, &client};
    const plugin::Publication publication{seen.view(),    publish.topic, publish.payload,       publish.qos,
                                          publish.retain, false,         publish.properties.raw};
    const std::uint64_t ticket = wait_for_verdict(client);
    Mailbox& mailbox = core_.mailbox(id_);
    auto later = [&mailbox, ticket](PublishVerdict late) {
      mailbox.post_call([ticket, late = std::move(late)](Shard& shard) {
        shard.verdict_came(ticket, [&](Verdicts& verdicts) { verdicts.publish = late; });
      });
    };
    auto answer = order ? core_.events->on_control(publication, later) : core_.events->on_publish(publication, later);
    if (answer.kind == Kind::pending) {
      client.paused_for_verdict = true;
      client.transport->pause_reading();
      client.verdicts->used = 0;
      return Ask::pending;
    }
    asking_.erase(ticket);
    client.verdicts->ticket = 0;
    client.verdicts->publish = std::move(answer);
  }
  said = *client.verdicts->publish;
  return Ask::allowed;
}

/// Makes of a message what plugins have made of it; or why it is refused.  What they changed lives as long as `said`.
ReasonCode Shard::obey(const PublishVerdict& said, mqtt::PublishView& publish, mqtt::Qos& qos) {
  if (said.kind == Kind::pass) return ReasonCode::success;
  if (said.kind != Kind::change || !said.changes) {
    if (said.rule) logger_.debug("a message to {} is refused by {}", publish.topic, *said.rule);
    return mqtt::is_error(said.reason) ? said.reason : ReasonCode::implementation_specific_error;
  }
  const plugin::Changes& changes = *said.changes;
  if (const auto reason = judge_changes(changes); mqtt::is_error(reason)) return reason;
  received_ = nullptr;  // the packet is not the message
  if (changes.topic) publish.topic = *changes.topic;
  if (changes.payload) publish.payload = mqtt::bytes_of(*changes.payload);
  if (changes.qos) qos = *changes.qos;
  if (changes.retain) publish.retain = *changes.retain && options_->mqtt.retain_available;
  if (changes.properties) {
    publish.properties.raw = *changes.properties;
    publish.properties.user_properties = changes.user_properties;
  }
  return ReasonCode::success;
}

/// What the broker itself could not deal with, whoever wants it.
ReasonCode Shard::judge_changes(const plugin::Changes& changes) const {
  if (!changes.topic) return ReasonCode::success;
  const std::string_view topic = *changes.topic;
  const bool good = mqtt::is_valid_topic_name(topic) && topic.size() <= kTextMax && !topic.starts_with("$SYS/") &&
                    mqtt::count_levels(topic) <= options_->limits.topic_levels_max;
  return good ? ReasonCode::success : ReasonCode::implementation_specific_error;
}

/// A will that may go out.
void Shard::ask_of_will(std::shared_ptr<const LeftWill> left) {
  const session::Will& will = left->will;
  if (core_.events == nullptr || !core_.events->watches_publish()) return route_will(will, *left);
  const Seen seen{*left};
  const plugin::Publication publication{seen.view(), will.topic, will.payload, will.qos, will.retain, true, will.raw_properties};
  Mailbox& mailbox = core_.mailbox(id_);
  const auto answer = core_.events->on_publish(publication, [&mailbox, left](PublishVerdict late) {
    mailbox.post_call([left, late = std::move(late)](Shard& shard) { shard.end_will(*left, late); });
  });
  if (answer.kind != Kind::pending) end_will(*left, answer);
}

void Shard::end_will(const LeftWill& left, const PublishVerdict& said) {
  if (said.kind == Kind::pass) return route_will(left.will, left);
  if (said.kind != Kind::change || !said.changes || mqtt::is_error(judge_changes(*said.changes))) {
    if (said.rule) logger_.debug("the will of client {} is refused by {}", left.client_id, *said.rule);
    return counters_.drop(Drop::refused);
  }
  const plugin::Changes& changes = *said.changes;
  session::Will changed = left.will;
  if (changes.topic) changed.topic = *changes.topic;
  if (changes.payload) changed.payload.assign(changes.payload->begin(), changes.payload->end());
  if (changes.qos) changed.qos = *changes.qos;
  if (changes.retain) changed.retain = *changes.retain && options_->mqtt.retain_available;
  if (changes.properties) changed.raw_properties = *changes.properties;
  route_will(changed, left);
}

/// False: this session is not given the message.  Asked once, when the message is about to be sent or queued: what is queued,
/// recorded and sent again is what plugins have made of it.
bool Shard::ask_of_delivery(const ClientSession& session, Ref<mqtt::Message>& message, const Terms& terms) {
  const Seen seen{session, session.client};
  const plugin::DeliveryView delivery{seen.view(), message->topic(), message->payload(),
                                      terms.qos,   terms.retain,     message->forwarded_properties()};
  std::string payload;
  const auto verdict = core_.events->on_deliver(delivery, payload);
  if (verdict == plugin::DeliverVerdict::pass) return true;
  if (verdict != plugin::DeliverVerdict::replace) return false;
  mqtt::MessageParts parts;
  parts.topic = message->topic();
  parts.payload = mqtt::bytes_of(payload);
  parts.raw_properties = message->forwarded_properties();
  parts.qos = message->qos();
  parts.retain = message->retain();
  parts.expires_at = message->expires_at();
  parts.received_at = now_ - Seconds{message->age_s(now_)};
  parts.origin = message->origin();
  parts.account = &counters_.messages;
  message = mqtt::Message::create(parts);
  return true;
}

void Shard::publish_to(std::string_view client_id, const plugin::OwnMessage& message) {
  ClientSession* session = find_session(client_id);
  if (session == nullptr || !session->connected()) return;
  mqtt::MessageParts parts;
  parts.topic = message.topic;
  parts.payload = mqtt::bytes_of(message.payload);
  parts.raw_properties = mqtt::bytes_of(message.properties);
  parts.qos = message.qos;
  parts.received_at = now_;
  parts.account = &counters_.messages;
  routing_ = {};
  Terms terms;
  terms.qos = message.qos;
  deliver(*session, mqtt::Message::create(parts), terms);
}

void Shard::kick_client(std::string_view client_id, bool with_will) {
  ClientSession* session = find_session(client_id);
  if (session != nullptr && session->connected()) send_away(*session->client, with_will);
}

void Shard::send_away(Client& client, bool with_will) {
  if (client.peer.format.version == mqtt::Version::v5) {
    mqtt::encode_disconnect(client.transport->out(), client.peer.format, ReasonCode::administrative_action);
  }
  client.ends_with(ReasonCode::administrative_action);
  close(client, with_will, Ending::kicked);
}

std::uint32_t Shard::kick_users(const std::optional<std::string>& user_name, bool with_will, std::uint32_t from_slot) {
  const std::uint32_t end = from_slot + kKickedPerTurn;
  for (std::uint32_t slot = from_slot; slot < sessions_.slots(); ++slot) {
    if (slot == end) return slot;
    ClientSession* session = sessions_.at(slot);
    if (session == nullptr || !session->connected()) continue;
    if (!user_name || session->user_name() == *user_name) send_away(*session->client, with_will);
  }
  return 0;
}

void Shard::rename(std::string_view client_id, std::string_view user_name) {
  ClientSession* session = find_session(client_id);
  if (session == nullptr || !session->connected() || session->user_name() == user_name) return;
  auto renamed = std::make_shared<auth::Principal>(*session->principal);
  renamed->user_name = user_name;
  session->principal = std::move(renamed);
  session->client->rights.reset();  // they were another's
  session->client->asked.reset();
  pump(*session);
}

void Shard::publish_own(const plugin::OwnMessage& message) {
  mqtt::MessageParts parts;
  parts.topic = message.topic;
  parts.payload = mqtt::bytes_of(message.payload);
  parts.raw_properties = mqtt::bytes_of(message.properties);
  parts.qos = message.qos;
  parts.retain = message.retain;
  routing_ = {};
  route(parts, 0, nullptr);
}

}  // namespace tombo::broker
