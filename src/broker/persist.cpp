#include "broker/shard.hpp"

#include "broker/kept_owner.hpp"
#include "mqtt/topic.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using mqtt::Qos;
using store::Haste;

// What survives a restart: which changes of sessions and deliveries are recorded, when, and who waits for it.

/// Records something that an acknowledgement may have to wait for.
store::Ticket Shard::record(store::Entry entry, Haste haste, Ref<store::Hold> hold) {
  return journal_.append(std::move(entry), haste, std::move(hold), now_);
}

/// Whether what is acknowledged besides messages has to be on disk first.
bool Shard::awaits_disk() const {
  const auto is_ack = [](const auto& topic) { return topic.second == config::Sync::ack; };
  return options_->persistence.sync == config::Sync::ack || std::any_of(sync_topics_.begin(), sync_topics_.end(), is_ack);
}

config::Sync Shard::sync_of(std::string_view topic) const {
  for (const auto& [filter, level] : sync_topics_) {
    if (mqtt::matches(filter, topic)) return level;
  }
  return options_->persistence.sync;
}

Ref<store::Hold> Shard::make_hold(Client& client, std::uint64_t publish) {
  return Ref<store::Hold>::adopt(new store::Hold(id_, &client, publish));
}

/// The hold on the acknowledgement of what is being routed; none if nobody waits for one.
const Ref<store::Hold>& Shard::routing_hold() {
  if (!routing_.hold && routing_.publisher != nullptr) routing_.hold = make_hold(*routing_.publisher, routing_.publish);
  return routing_.hold;
}

/// Gives one hold up; the last one lets the acknowledgement go.
void Shard::let_go(const Ref<store::Hold>& hold) {
  if (!hold || !hold->let_go()) return;
  if (hold->shard != id_) return outbox_.add(static_cast<routing::ShardId>(hold->shard), SettledLetter{hold}, 0);
  settled(*hold);
}

/// Nothing is waited for any more: the acknowledgement goes, or the delivery that another member has taken over is done.
void Shard::settled(const store::Hold& hold) {
  if (hold.owner != nullptr) return send_acks(*static_cast<Client*>(hold.owner));
  if (hold.seq == 0) return;
  ClientSession* session = sessions_.find({hold.slot, hold.generation, id_});
  if (session != nullptr && session->stored) session->stored->handed_on.erase(hold.seq);
}

/// The store has written this shard's records up to the ticket: acknowledgements go, and what waited to be sent.
void Shard::on_durable(store::Ticket ticket) {
  std::vector<Ref<store::Hold>> freed;
  journal_.on_durable(ticket, freed);
  std::erase_if(ending_, [this](const auto& ending) { return journal_.is_durable(ending.second.second); });
  for (const auto& hold : freed) let_go(hold);
  for (const auto& handle : std::exchange(sending_later_, {})) {
    ClientSession* session = sessions_.find(handle);
    if (session == nullptr || !session->stored) continue;
    session->stored->sends_later = false;
    if (!send_durable(*session)) send_later(*session);
  }
}

/// Has the session looked at when more has become durable.
void Shard::send_later(ClientSession& session) {
  if (!std::exchange(session.stored->sends_later, true)) sending_later_.push_back(handle_of(session));
}

/// Sends what has become durable; true if nothing else waited.
bool Shard::send_durable(ClientSession& session) {
  auto& not_yet = session.stored->not_yet;
  bool goes_on = false;
  while (!not_yet.empty() && journal_.is_durable(not_yet.front().first)) {
    const mqtt::PacketId id = not_yet.front().second;
    not_yet.pop_front();
    const session::Delivery* delivery = session.delivery_of(id);
    if (delivery == nullptr || session.client == nullptr || session.client->transport == nullptr) continue;
    if (delivery->resend) {
      goes_on = true;
      continue;
    }
    if (delivery->state != session::FlightState::waiting) continue;
    const session::Delivery sent = *delivery;
    const auto result = session.send_held(session.client->transport->out(), session.client->peer, id, now_);
    count_sent(session, result, *sent.message, {sent.qos, sent.retain, id});
    if (result == session::SendResult::sent) continue;
    delivery_done(session, sent);
    goes_on = true;  // its place in the window is free
  }
  if (goes_on) pump(session);
  return not_yet.empty();
}

// --- sessions

/// The session's row as it is now.
void Shard::record_session(ClientSession& session, Haste haste) {
  if (!journal_.keeps_anything()) return;
  if (!session.stored) {
    if (session.expiry_s == 0) return;
    session.stored = std::make_unique<Stored>();
    session.stored->number = (core_.epoch() << store::kEpochShift) + core_.sessions_numbered.fetch_add(1, std::memory_order_relaxed) + 1;
    counters_.sessions_kept.add();
  }
  store::SessionRow row;
  row.client_id = session.client_id();
  row.expiry_s = session.expiry_s;
  row.left_at = session.connected() ? 0 : session.stored->left_at;
  row.user_name = session.user_name();
  row.vouched = !session.principal->backend.empty();
  if (session.will) {
    const auto& will = *session.will;
    store::WillRow kept;
    kept.topic = will.topic;
    kept.payload = mqtt::text_of(will.payload);
    kept.raw_properties = mqtt::text_of(will.raw_properties);
    kept.qos = will.qos;
    kept.retain = will.retain;
    kept.delay_s = will.delay_s;
    if (will.has_expiry) kept.expiry_s = will.expiry_s;
    kept.owner = owner_row_of(*session.principal, session.listener);
    row.will = std::move(kept);
  }
  record(store::RowChanged{store::session_key(session.stored->number), store::encode(row), false}, haste, nullptr);
}

/// Nothing of the session is kept any more.
void Shard::forget_session(ClientSession& session) {
  if (!session.stored) return;
  const auto number = session.stored->number;
  for (std::uint32_t i = 0; i < session.subscriptions.size(); ++i) {
    record(store::RowChanged{store::subscription_key(number, session.subscriptions[i].filter->text()), {}, true}, Haste::none, nullptr);
  }
  if (session.has_shared()) {
    for (const auto& shared : session.shared()) {
      if (shared.filter != nullptr) record_unsubscribed(session, shared_text(shared), nullptr);
    }
  }
  session.for_each_receiving([&](mqtt::PacketId id) {
    record(store::RowChanged{store::received_key(number, id), {}, true}, Haste::none, nullptr);
  });
  const auto ticket = record(store::SessionEnded{number}, Haste::now, nullptr);
  ending_[std::string{session.client_id()}] = {number, ticket};
  session.stored.reset();
  counters_.sessions_kept.subtract();
}

std::string Shard::shared_text(const SharedSubscription& shared) {
  return "$share/" + shared.member->group + "/" + shared.member->filter;
}

void Shard::record_subscribed(ClientSession& session, std::string_view filter, const store::SubscriptionRow& row,
                              const Ref<store::Hold>& hold) {
  if (!session.stored) return;
  record(store::RowChanged{store::subscription_key(session.stored->number, filter), store::encode(row), false},
         hold ? Haste::now : Haste::none, hold);
}

void Shard::record_unsubscribed(ClientSession& session, std::string_view filter, const Ref<store::Hold>& hold) {
  if (!session.stored) return;
  record(store::RowChanged{store::subscription_key(session.stored->number, filter), {}, true}, hold ? Haste::now : Haste::none, hold);
}

/// A QoS 2 PUBLISH has come, or was released.
void Shard::record_received(ClientSession& session, mqtt::PacketId id, bool released, const Ref<store::Hold>& hold) {
  record(store::RowChanged{store::received_key(session.stored->number, id), {}, released}, hold ? Haste::now : Haste::none, hold);
}

void Shard::record_retained(std::string_view topic, const Ref<store::Hold>& hold) {
  if (!journal_.keeps_anything() || topic.starts_with("$SYS/")) return;  // which is told anew
  record(store::RetainedChanged{std::string{topic}}, hold ? Haste::now : Haste::none, hold);
}

// --- deliveries

/// Whether this delivery outlives the process: QoS 1 and 2 of a session that does.
bool Shard::keeps(const ClientSession& session, Qos qos) const {
  // Behind what is on disk nothing may go into memory, even if the session now ends with its connection.
  return session.stored != nullptr && qos != Qos::at_most_once && (session.expiry_s != 0 || session.stored->on_disk);
}

/// Messages for those who acknowledge soon may become unnecessary before they are written.
Haste Shard::haste_for(ClientSession& session, const mqtt::Message& message) {
  if (sync_of(message.topic()) != config::Sync::ack) return Haste::none;
  Stored& stored = *session.stored;
  const Milliseconds patience{options_->persistence.patience_ms};
  if (stored.sample != 0 && now_ - stored.sample_at > patience) stored.prompt = false;
  return session.connected() && stored.prompt ? Haste::patient : Haste::now;
}

/// Records a delivery and names it; its packet identifier, if it has one, is recorded with it.
void Shard::record_delivery(ClientSession& session, session::Delivery& delivery, Haste haste) {
  Stored& stored = *session.stored;
  delivery.seq = seq_base_ + journal_.appended() + 1;
  store::Enqueued entry = enqueued(session, delivery);
  entry.from_session = std::exchange(routing_.from_session, 0);
  entry.from_seq = std::exchange(routing_.from_seq, 0);
  if (stored.sample == 0 && session.connected()) {
    stored.sample = delivery.seq;
    stored.sample_at = now_;
  }
  record(std::move(entry), haste, haste == Haste::none ? nullptr : routing_hold());
}

store::Enqueued Shard::enqueued(ClientSession& session, const session::Delivery& delivery) {
  store::Enqueued entry;
  entry.session = session.stored->number;
  entry.seq = delivery.seq;
  entry.message = delivery.message;
  const auto ids = delivery.subscription_ids();
  entry.subscription_ids.assign(ids.begin(), ids.end());
  if (delivery.shared()) entry.share_number = session.shared()[delivery.extra->shared_subscription].share_number;
  entry.packet_id = delivery.packet_id;
  entry.qos = delivery.qos;
  entry.retain = delivery.retain;
  return entry;
}

/// The ticket of a delivery's record; 0 if it is of an earlier start and so durable.
store::Ticket Shard::ticket_of(store::Seq seq) const { return seq > seq_base_ ? seq - seq_base_ : 0; }

/// Takes a QoS 2 delivery into the window; it is sent when its packet identifier is durable.
void Shard::hold_delivery(ClientSession& session, session::Delivery delivery) {
  const bool fresh = delivery.seq == 0;
  const Haste haste = sync_of(delivery.message->topic()) == config::Sync::ack ? Haste::now : Haste::none;
  const mqtt::PacketId id = session.hold(std::move(delivery));
  session::Delivery& held = *session.delivery_of(id);
  if (fresh) {
    record_delivery(session, held, haste);
  } else {
    store::Enqueued entry = enqueued(session, held);
    entry.again = true;
    record(std::move(entry), haste, nullptr);
  }
  auto& not_yet = session.stored->not_yet;
  not_yet.emplace_back(haste == Haste::none ? journal_.durable() : journal_.appended(), id);
  if (haste != Haste::none || !send_durable(session)) send_later(session);
}

/// The client has the message, or will not get it: its record is not needed any more.
void Shard::delivery_done(ClientSession& session, const session::Delivery& delivery) {
  if (delivery.seq == 0 || !session.stored) return;
  Stored& stored = *session.stored;
  if (delivery.seq == stored.sample) {
    stored.prompt = now_ - stored.sample_at <= Milliseconds{options_->persistence.patience_ms};
    stored.sample = 0;
  }
  stored.overtaken.erase(delivery.seq);
  const store::Ticket ticket = ticket_of(delivery.seq);
  Ref<store::Hold> hold;
  store::Entry was;
  // At QoS 2 there are more records than this one.
  const bool alone = delivery.qos == Qos::at_least_once || delivery.packet_id == 0;
  if (alone && ticket != 0 && journal_.cancel(ticket, hold, was)) {
    const auto& never = std::get<store::Enqueued>(was);
    if (never.from_session != 0) finish_other(never.from_session, never.from_seq, never.message);
    return let_go(hold);
  }
  store::Finished finished;
  finished.session = stored.number;
  finished.seq = delivery.seq;
  finished.head = head_of(session);
  finished.body = delivery.message;
  finished.after_release = delivery.state == session::FlightState::awaiting_pubcomp;
  if (finished.after_release) finished.body = nullptr;
  record(std::move(finished), Haste::none, nullptr);
}

/// PUBREC has come: PUBREL may go when that is durable, or the message would be sent once more after a crash.
void Shard::delivery_released(Client& client, const session::Delivery& delivery) {
  ClientSession& session = *client.session;
  store::Finished finished;
  finished.session = session.stored->number;
  finished.seq = delivery.seq;
  finished.body = delivery.message;
  finished.released = delivery.packet_id;
  const auto hold = make_hold(client, 0);
  const bool waits = sync_of(delivery.message->topic()) == config::Sync::ack;
  const auto ticket = record(std::move(finished), waits ? Haste::now : Haste::none, waits ? hold : nullptr);
  if (waits) {
    session.stored->not_yet.emplace_back(ticket, delivery.packet_id);
    send_later(session);
  }
  acknowledge(client, mqtt::PacketType::pubrel, delivery.packet_id, mqtt::ReasonCode::success, hold);
}

/// A delivery that another member of a shared subscription had has found its end elsewhere.
void Shard::finish_other(store::SessionNumber session, store::Seq seq, const Ref<mqtt::Message>& message) {
  store::Finished finished;
  finished.session = session;
  finished.seq = seq;
  finished.body = message;
  finished.maybe_gone = true;
  record(std::move(finished), Haste::none, nullptr);
}

/// No delivery of the session has a lower sequence number.
store::Seq Shard::head_of(ClientSession& session) {
  const Stored& stored = *session.stored;
  store::Seq head = first_here(session);
  if (!stored.handed_on.empty()) head = std::min(head, *stored.handed_on.begin());
  if (!stored.overtaken.empty()) head = std::min(head, *stored.overtaken.begin());
  return head;
}

store::Seq Shard::first_here(ClientSession& session) {
  if (session.has_in_flight()) return session.in_flight().oldest().seq;
  if (!session.queue.empty()) return session.queue.front().seq;
  if (session.stored->on_disk) return session.stored->read_from;
  return seq_base_ + journal_.appended() + 1;
}

}  // namespace tombo::broker
