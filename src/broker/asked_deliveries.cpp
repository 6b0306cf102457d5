#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using mqtt::Qos;
using session::Delivery;

// Deliveries of which somebody is asked who may take his time (Authenticator::asks_receiving).  They wait in the session's
// queue, so that their order stays, until the answer for the first of them has come.

namespace {
/// Deliveries of one client of which somebody is asked at the same time.
constexpr std::size_t kAskedAhead = 32;
/// Until somebody is asked again who had too much to do.
constexpr Milliseconds kAskAgain{50};

/// A connected client as plugins see it, for one call.
class DeliveredTo {
 public:
  explicit DeliveredTo(const ClientSession& session)
      : peer_(session.client->transport != nullptr ? session.client->transport->peer() : nullptr),
        view_{session.client_id(),
              session.principal,
              peer_,
              session.client->listener,
              session.client->peer.format.version,
              session.expiry_s == 0,
              session.client->keep_alive_s,
              session.subscriptions.size() + session.shared_count} {}
  DeliveredTo(const DeliveredTo&) = delete;
  DeliveredTo& operator=(const DeliveredTo&) = delete;
  const plugin::ClientView& view() const { return view_; }

 private:
  std::shared_ptr<const auth::Peer> peer_;
  plugin::ClientView view_;
};
}  // namespace

void Shard::deliver_asked(ClientSession& session, const Ref<mqtt::Message>& message, const Terms& terms) {
  const auth::Access access{auth::Action::receive, session.client_id(), session.principal, session.client->listener,
                            message->topic(),      message->qos(),      message->retain()};
  // Remembered, and nothing waits before it: the usual way.
  if (const auto& rights = session.client->rights; rights && session.queue.empty() && !shows_deliveries_) {
    if (const auto* known = rights->find(core_.authenticator().policy(), access)) {
      if (known->decision == auth::Decision::allow) return give(session, message, terms);
      return drop_for(session, Drop::refused);
    }
  }
  enqueue(session, delivery_of(message, terms));
  pump(session);
}

/// Of the delivery at the head of the queue.  An answer counts once.
Shard::Ask Shard::ask_of_next(ClientSession& session, Ref<mqtt::Message>& instead) {
  Client& client = *session.client;
  if (!client.asked) client.asked = std::make_unique<std::deque<AskedDelivery>>();
  auto& asked = *client.asked;
  const std::uint64_t policy = core_.authenticator().policy();
  // What was asked about may have left the queue since, and what was said under other rules says nothing now.
  while (!asked.empty() && (asked.front().message != session.queue.front().message || asked.front().policy != policy)) {
    asked.pop_front();
  }
  ask_ahead(session);
  if (!asked.front().answer) return Ask::pending;
  const auth::AccessAnswer answer = std::move(*asked.front().answer);
  instead = std::move(asked.front().instead);
  asked.pop_front();
  return answer.decision == auth::Decision::allow ? Ask::allowed : Ask::denied;
}

/// Asks about the head of the queue and those behind it that could go out at once.
void Shard::ask_ahead(ClientSession& session) {
  Client& client = *session.client;
  auto& asked = *client.asked;
  if (asked.size() >= std::min(kAskedAhead, session.queue.size())) return;
  const std::size_t window = std::min(client.peer.receive_maximum, options_->limits.in_flight_max);
  std::size_t windowed = session.in_flight_count();
  std::size_t at = 0;
  session.queue.look_at_first(kAskedAhead, [&](const Delivery& delivery) {
    if (delivery.qos != Qos::at_most_once && ++windowed > window && at > 0) return false;
    if (at++ < asked.size()) return true;
    ask_about(session, delivery);
    return true;
  });
}

void Shard::ask_about(ClientSession& session, const Delivery& delivery) {
  Client& client = *session.client;
  const mqtt::Message& message = *delivery.message;
  const auth::Access access{auth::Action::receive, session.client_id(), session.principal, client.listener, message.topic(),
                            message.qos(),         message.retain(),    false,             message.payload()};
  AskedDelivery& asked = client.asked->emplace_back();
  asked.message = delivery.message;
  asked.policy = core_.authenticator().policy();
  asked.ticket = ++next_ticket_;
  if (client.rights) {
    if (const auto* known = client.rights->find(asked.policy, access)) return right_is_there(session, asked, *known);
  }
  Mailbox& mailbox = core_.mailbox(id_);
  const auto handle = handle_of(session);
  const auto answer = core_.authenticator().access(access, [&mailbox, handle, ticket = asked.ticket](auth::AccessAnswer late) {
    mailbox.post_call([handle, ticket, late = std::move(late)](Shard& shard) { shard.right_came(handle, ticket, late); });
  });
  if (answer.decision != auth::Decision::pending) right_is_there(session, asked, answer);
}

/// What is allowed may have to be shown before it goes out.
void Shard::right_is_there(ClientSession& session, AskedDelivery& asked, const auth::AccessAnswer& answer) {
  if (answer.decision == auth::Decision::allow && shows_deliveries_) return show_delivery(session, asked);
  asked.answer = answer;
}

void Shard::show_delivery(ClientSession& session, AskedDelivery& asked) {
  const mqtt::Message& message = *asked.message;
  const DeliveredTo to{session};
  const plugin::DeliveryView delivery{to.view(), message.topic(), message.payload(), message.qos(), message.retain(),
                                      message.forwarded_properties()};
  Mailbox& mailbox = core_.mailbox(id_);
  const auto handle = handle_of(session);
  const auto said = core_.events->on_deliver_later(delivery, [&mailbox, handle, ticket = asked.ticket](plugin::PublishVerdict late) {
    mailbox.post_call([handle, ticket, late = std::move(late)](Shard& shard) { shard.shown(handle, ticket, late); });
  });
  if (said.kind == plugin::PublishVerdict::Kind::pass) asked.answer = auth::AccessAnswer{};
}

AskedDelivery* Shard::find_asked(const routing::SessionHandle& handle, std::uint64_t ticket) {
  ClientSession* session = sessions_.find(handle);
  if (session == nullptr || session->client == nullptr || !session->client->asked) return nullptr;
  for (AskedDelivery& each : *session->client->asked) {
    if (each.ticket == ticket) return &each;
  }
  return nullptr;  // of another connection, or it is not wanted any more
}

void Shard::shown(const routing::SessionHandle& handle, std::uint64_t ticket, const plugin::PublishVerdict& said) {
  using Kind = plugin::PublishVerdict::Kind;
  AskedDelivery* asked = find_asked(handle, ticket);
  if (asked == nullptr) return;
  asked->answer.emplace();
  if (said.kind == Kind::change && said.changes) {
    const mqtt::Message& message = *asked->message;
    const plugin::Changes& changes = *said.changes;
    mqtt::MessageParts parts;
    parts.topic = changes.topic ? std::string_view{*changes.topic} : message.topic();
    parts.payload = changes.payload ? mqtt::bytes_of(*changes.payload) : message.payload();
    parts.raw_properties = changes.properties ? mqtt::Bytes{*changes.properties} : message.forwarded_properties();
    parts.qos = message.qos();
    parts.retain = message.retain();
    parts.expires_at = message.expires_at();
    parts.received_at = now_ - Seconds{message.age_s(now_)};
    parts.origin = message.origin();
    parts.account = &counters_.messages;
    asked->instead = mqtt::Message::create(parts);
  } else if (said.kind != Kind::pass) {
    asked->answer->decision = auth::Decision::deny;
  }
  ClientSession& session = *sessions_.find(handle);
  if (asked == &session.client->asked->front()) pump(session);
}

void Shard::right_came(const routing::SessionHandle& handle, std::uint64_t ticket, const auth::AccessAnswer& answer) {
  AskedDelivery* asked = find_asked(handle, ticket);
  if (asked == nullptr) return;
  ClientSession& session = *sessions_.find(handle);
  Client& client = *session.client;
  auto& all = *client.asked;
  if (answer.decision != auth::Decision::allow && answer.reason == mqtt::ReasonCode::server_busy) {
    // Nobody was asked: that is no refusal.  This one and those behind it are asked about again.
    while (!all.empty() && all.back().ticket >= ticket) all.pop_back();
    if (ask_again_.empty()) ask_again_at_ = now_ + kAskAgain;
    ask_again_.push_back(handle);
    return;
  }
  if (answer.keeps) {
    const auth::Access access{auth::Action::receive,   session.client_id(),   session.principal, client.listener,
                              asked->message->topic(), asked->message->qos(), asked->message->retain()};
    remember(client, asked->policy, access, answer);
  }
  right_is_there(session, *asked, answer);
  if (asked == &all.front() && asked->answer) pump(session);
}

void Shard::ask_again() {
  if (ask_again_.empty() || now_ < ask_again_at_) return;
  for (const auto& handle : std::exchange(ask_again_, {})) {
    ClientSession* session = sessions_.find(handle);
    if (session != nullptr && session->connected()) pump(*session);
  }
}

}  // namespace tombo::broker
