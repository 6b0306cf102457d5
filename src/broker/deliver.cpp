#include "broker/shard.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

using mqtt::Qos;
using session::Delivery;
using session::SendResult;
using store::Haste;

namespace {
/// What bridges fetch over 3.x is remembered for so long, where this broker has bridges that look at it.
constexpr std::uint32_t kFetchedWindow_s = 2;
}  // namespace

bool Shard::can_write(Client& client) {
  return client.transport->waiting() < options_->limits.output_bytes_max && (!limits_rates_ || rate_lets_out(client));
}

/// One message for one session, unless something speaks against it.
void Shard::deliver(ClientSession& session, const Ref<mqtt::Message>& message, const Terms& terms) {
  ++turn_deliveries_;
  if (session.own && !session.own->terms->takes(message->topic())) return;
  // For those that are away it is judged when they come back.
  if (judges_receiving_ && session.client != nullptr && !may_receive(session, *message)) return counters_.drop(Drop::refused);
  const bool asks = asks_receiving_ && session.client != nullptr;
  if (!plugins_deliver_) return asks ? deliver_asked(session, message, terms) : give(session, message, terms);
  Ref<mqtt::Message> given = message;
  if (!ask_of_delivery(session, given, terms)) return drop_for(session, Drop::refused);
  asks ? deliver_asked(session, given, terms) : give(session, given, terms);
}

Delivery Shard::delivery_of(const Ref<mqtt::Message>& message, const Terms& terms) {
  Delivery delivery;
  delivery.message = message;
  if (terms.extra != nullptr) delivery.extra = *terms.extra;
  delivery.subscription_id = terms.subscription_id;
  delivery.qos = terms.qos;
  delivery.retain = terms.retain;
  return delivery;
}

/// Straight into its connection's batch if nothing waits before it, else into its queue.
void Shard::give(ClientSession& session, const Ref<mqtt::Message>& message, const Terms& terms) {
  Client* client = session.client;
  if (client != nullptr && session.queue.empty() && can_write(*client)) {
    if (terms.qos == Qos::at_most_once) {
      const std::span<const std::uint32_t> one{&terms.subscription_id, terms.subscription_id != 0 ? 1u : 0u};
      const bool several = terms.extra != nullptr && !(*terms.extra)->subscription_ids.empty();
      const auto ids = several ? std::span<const std::uint32_t>((*terms.extra)->subscription_ids) : one;
      return count_sent(session, session.send_qos0(client->transport->out(), client->peer, message, terms.retain, ids, now_), *message,
                        {terms.qos, terms.retain, 0});
    }
  }
  Delivery delivery = delivery_of(message, terms);
  if (client != nullptr && session.queue.empty() && !on_disk(session) && can_write(*client) &&
      session.may_send(client->peer, window(*client), *message)) {
    message->charge();
    if (keeps(session, terms.qos)) return send_recorded(session, std::move(delivery));
    const auto result = session.send(client->transport->out(), client->peer, std::move(delivery), now_);
    return count_sent(session, result, *message, {terms.qos, terms.retain, session.last_packet_id});
  }
  enqueue(session, std::move(delivery));
}

/// A delivery that is recorded and goes out at once; at QoS 2 when it is on disk.
void Shard::send_recorded(ClientSession& session, Delivery delivery) {
  if (delivery.qos == Qos::exactly_once) return hold_delivery(session, std::move(delivery));
  Client& client = *session.client;
  const auto result = session.send(client.transport->out(), client.peer, delivery, now_);
  count_sent(session, result, *delivery.message, {delivery.qos, delivery.retain, session.last_packet_id});
  if (result != SendResult::sent) return;
  const Haste haste = haste_for(session, *delivery.message);
  record_delivery(session, *session.delivery_of(session.last_packet_id), haste);
}

void Shard::count_sent(ClientSession& session, SendResult result, const mqtt::Message& message, const Sending& as) {
  switch (result) {
    case SendResult::sent:
      if (lines_.packets()) lines_.sending_publish(*session.client, message, as.qos, as.retain, as.id);
      counters_.publish_sent.add();
      ++session.client->publish_sent;
      counters_.packets_sent.add();
      counters_.publish_bytes_sent.add(message.payload().size());
      if (session.client->bridge && session.client->peer.format.version != mqtt::Version::v5) {
        core_.loops.remember(message.topic(), message.payload(), now_, kFetchedWindow_s);
      }
      if (limits_rates_) count_out(*session.client, message.payload().size());
      break;
    case SendResult::too_large: drop_for(session, Drop::too_large); break;
    case SendResult::expired: drop_for(session, Drop::expired); break;
    case SendResult::outside: drop_for(session, Drop::refused); break;
  }
}

/// A message that this session should have got is given up.
void Shard::drop_for(ClientSession& session, Drop reason) {
  if (reason == Drop::queue_full) lines_.dropping(session.client_id(), session.dropped);
  ++session.dropped;
  if (session.own) session.own->figures->dropped.add();
  counters_.drop(reason);
}

/// Keeps a delivery for later, as far as the limits allow; whatever is given up is counted by its reason.
void Shard::enqueue(ClientSession& session, Delivery delivery) {
  if (delivery.qos == Qos::at_most_once) {
    if (!session.connected() && !options_->mqtt.queue_qos0_offline) return counters_.drop(Drop::offline_qos0);
    if (memory_level_ >= MemoryLevel::shed_qos0) return drop_for(session, Drop::slow_reader_qos0);
  }
  if (!make_room(session, delivery)) return drop_for(session, Drop::queue_full);
  const std::size_t footprint = delivery.message->footprint();
  delivery.message->charge();
  if (keeps(session, delivery.qos)) record_delivery(session, delivery, haste_for(session, *delivery.message));
  if (delivery.seq != 0 && goes_to_disk(session)) {
    leave_on_disk(session, delivery);
  } else {
    session.queue.push(std::move(delivery));
  }
  counters_.messages_queued.add();
  // Publishers are told before the next message is lost, if it is like this one.
  if (queued_messages(session) >= queue_messages_max(session) || queued_bytes(session) + footprint > queue_bytes_max(session)) {
    note_full(session);
  }
  read_ahead(session);
}

std::size_t Shard::queued_messages(const ClientSession& session) {
  return session.queue.size() + (session.stored ? static_cast<std::size_t>(session.stored->disk_messages) : 0);
}

std::size_t Shard::queued_bytes(const ClientSession& session) {
  return session.queue.bytes() + (session.stored ? static_cast<std::size_t>(session.stored->disk_bytes) : 0);
}

/// Whether the queue takes one more, after the policy's own victims have gone.
bool Shard::make_room(ClientSession& session, const Delivery& delivery) {
  const auto fits = [&] {
    const std::size_t waiting = queued_messages(session);
    return waiting < queue_messages_max(session) &&
           (waiting == 0 || queued_bytes(session) + delivery.message->footprint() <= queue_bytes_max(session));
  };
  while (!fits()) {
    if (!drops_oldest(session) || session.queue.empty()) {
      note_full(session);
      return false;
    }
    if (!session.queue.drop_oldest_qos0()) delivery_done(session, session.queue.pop());
    drop_for(session, Drop::queue_full);
    counters_.messages_queued.subtract();
  }
  return true;
}

void Shard::refuse_next(ClientSession& session) {
  const Delivery given_up = session.queue.pop();
  counters_.messages_queued.subtract();
  delivery_done(session, given_up);
  drop_for(session, Drop::refused);
}

/// Sends what waits, as far as the client's window and its connection allow.
void Shard::pump(ClientSession& session) {
  Client* client = session.client;
  if (client == nullptr || client->transport == nullptr) return;
  if (session.may_resend(client->peer) && can_write(*client)) {
    std::vector<mqtt::PacketId> not_yet;
    if (session.stored) {
      for (const auto& [ticket, id] : session.stored->not_yet) not_yet.push_back(id);
    }
    for (const auto& given_up : session.resend(client->transport->out(), client->peer, not_yet, now_)) {
      delivery_done(session, given_up);
    }
  }
  while (!session.queue.empty() && can_write(*client)) {
    Delivery& first = session.queue.front();
    if (judges_receiving_ && !may_receive(session, *first.message)) {  // the rights may have changed since it was queued
      refuse_next(session);
      continue;
    }
    const bool windowed = first.qos != Qos::at_most_once;
    if (windowed && !session.may_send(client->peer, window(*client), *first.message) && !first.message->expired(now_)) break;
    Ref<mqtt::Message> instead;
    if (asks_receiving_) {
      const Ask asked = ask_of_next(session, instead);
      if (asked == Ask::pending) break;
      if (asked == Ask::denied) {
        refuse_next(session);
        continue;
      }
    }
    Delivery delivery = session.queue.pop();
    counters_.messages_queued.subtract();
    if (instead) delivery.message = std::move(instead);
    if (delivery.seq != 0 && delivery.qos == Qos::exactly_once && !delivery.message->expired(now_)) {
      hold_delivery(session, std::move(delivery));
      continue;
    }
    const Delivery sent = delivery;
    const auto result = session.send(client->transport->out(), client->peer, std::move(delivery), now_);
    const mqtt::PacketId id = sent.qos == Qos::at_most_once ? mqtt::PacketId{0} : session.last_packet_id;
    count_sent(session, result, *sent.message, {sent.qos, sent.retain, id});
    if (result != SendResult::sent) delivery_done(session, sent);
  }
  read_ahead(session);
  if (session.told_full) note_room(session);
  if (session.has_shared()) note_shared_load(session);
}

/// Publishers are told (0x97) while a subscriber's queue is full, if the operator wants that: each filter of the
/// session counts it, so that the publishing shard sees it in its one walk of the tree.  Shared groups pass the session
/// by while others have room.
void Shard::note_full(ClientSession& session) {
  if (session.told_full) return;
  session.told_full = true;
  members_full(session, true);
  for (std::uint32_t i = 0; i < session.subscriptions.size(); ++i) {
    session.subscriptions[i].filter->full.fetch_add(1, std::memory_order_relaxed);
  }
}

void Shard::note_room(ClientSession& session) {
  if (!session.told_full || queued_messages(session) * 4 > queue_messages_max(session) * 3) return;
  if (queued_bytes(session) * 4 > queue_bytes_max(session) * 3) return;
  session.told_full = false;
  members_full(session, false);
  for (std::uint32_t i = 0; i < session.subscriptions.size(); ++i) {
    session.subscriptions[i].filter->full.fetch_sub(1, std::memory_order_relaxed);
  }
}

void Shard::note_shared_load(ClientSession& session) {
  const auto load = static_cast<std::uint32_t>(session.in_flight_count() + queued_messages(session));
  for (auto& shared : session.shared()) {
    if (shared.member) shared.member->in_flight.store(load, std::memory_order_relaxed);
  }
}

}  // namespace tombo::broker
