#include "broker/shard.hpp"

#include <utility>

namespace tombo::broker {

using mqtt::Qos;
using session::Delivery;
using session::FlightState;

/// Publishing shards prefer members whose client is there.
void Shard::member_online(ClientSession& session, bool online) {
  if (!session.has_shared()) return;
  for (auto& shared : session.shared()) {
    if (shared.member) shared.member->online.store(online, std::memory_order_relaxed);
  }
}

void Shard::members_full(ClientSession& session, bool full) {
  if (!session.has_shared()) return;
  for (auto& shared : session.shared()) {
    if (shared.member) shared.member->full.store(full, std::memory_order_relaxed);
  }
}

/// A member has gone: what it had not acknowledged goes to another member, if one is there; QoS 2 that was begun stays
/// with it to the end, even if that never comes.  [MQTT-4.8.2-4, MQTT-4.8.2-5]
void Shard::hand_on_shared(ClientSession& session, bool session_ends) {
  if (!session.has_shared()) return;
  auto& list = session.shared();
  const auto other_is_there = [&](const Delivery& delivery) {
    const auto& shared = list[delivery.extra->shared_subscription];
    if (!shared.member) return false;
    const auto* groups = shared.filter->groups.load(std::memory_order_acquire);
    if (groups == nullptr) return false;
    for (const auto& group : groups->groups) {
      if (group.name != shared.member->group) continue;
      for (const auto& member : group.members) {
        if (member.get() == shared.member.get()) continue;
        if (session_ends || member->online.load(std::memory_order_relaxed)) return true;
      }
    }
    return false;
  };
  std::vector<Delivery> leaving;
  if (session.has_in_flight()) {
    std::vector<mqtt::PacketId> ids;
    session.in_flight().for_each([&](Delivery& delivery) {
      if (delivery.state == FlightState::awaiting_puback && delivery.shared() && other_is_there(delivery)) {
        ids.push_back(delivery.packet_id);
      }
    });
    for (const auto id : ids) {
      Delivery& delivery = *session.in_flight().find(id);
      leaving.push_back(delivery);
      session.drop_in_flight(delivery);
    }
  }
  session.queue.remove_if([&](const Delivery& delivery) { return delivery.shared() && other_is_there(delivery); },
                          [&](Delivery delivery) {
                            counters_.messages_queued.subtract();
                            leaving.push_back(std::move(delivery));
                          });
  for (const auto& delivery : leaving) hand_on(session, list[delivery.extra->shared_subscription], delivery);
}

/// What is recorded of it goes along: the new delivery's record takes the old one's place in one write.
void Shard::hand_on(ClientSession& from, const SharedSubscription& shared, const Delivery& delivery) {
  const Ref<mqtt::Message>& message = delivery.message;
  routing_ = {};
  Ref<store::Hold> hold;
  if (delivery.seq != 0 && from.stored) {
    routing_.from_session = from.stored->number;
    routing_.from_seq = delivery.seq;
    journal_.hurry();  // the old record must be there before the new one
    routing_.hold = hold = hold_on_delivery(from, delivery.seq);
  }
  const routing::Group* group = group_of(shared);
  if (group == nullptr) {
    drop_unshared(message);
  } else {
    deliver_shared(message, *group, from.entry->hash, nullptr, shared.member.get());
  }
  routing_ = {};
  let_go(hold);
}

/// Until the new record is there, the session's head does not pass the old one.
Ref<store::Hold> Shard::hold_on_delivery(ClientSession& from, store::Seq seq) {
  auto* hold = new store::Hold(id_, nullptr, 0);
  hold->slot = from.slot;
  hold->generation = from.generation;
  hold->seq = seq;
  from.stored->handed_on.insert(seq);
  from.stored->overtaken.erase(seq);
  return Ref<store::Hold>::adopt(hold);
}

/// The group as it is now, or null.
const routing::Group* Shard::group_of(const SharedSubscription& shared) {
  const auto* groups = shared.filter->groups.load(std::memory_order_acquire);
  if (groups == nullptr) return nullptr;
  for (const auto& group : groups->groups) {
    if (group.name == shared.member->group) return &group;
  }
  return nullptr;
}

}  // namespace tombo::broker
