#include "broker/shard.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace tombo::broker {

using mqtt::Qos;
using mqtt::ReasonCode;

/// Finds out who wants a message and hands it to them.  Matching comes first, so a message that nobody wants is never
/// made.  Returns success, no_matching_subscribers, or why the message was not taken.
ReasonCode Shard::route(const mqtt::MessageParts& parts, std::uint64_t publisher_hash, Client* publisher) {
  if (!look_ahead_.take(parts.topic, matched_)) core_.tree.match(parts.topic, matched_);
  const bool wanted = !matched_.filters.empty();
  if (!wanted && !parts.retain) return ReasonCode::no_matching_subscribers;

  const bool can_refuse = publisher != nullptr && parts.qos != Qos::at_most_once && publisher->hears_refusals();
  if (can_refuse && options_->mqtt.on_queue_full == config::QueueFull::reject_publisher && somebody_is_full()) {
    counters_.drop(Drop::queue_full);
    return ReasonCode::quota_exceeded;
  }
  mqtt::MessageParts charged = parts;
  charged.account = &counters_.messages;
  charged.received_at = now_;
  const auto message = mqtt::Message::create(charged, received_);
  if (publisher != nullptr && parts.qos != Qos::at_most_once && journal_.keeps_anything() && journal_.sink().full()) {
    hold_back(publisher);
  }
  if (parts.retain && !keep_retained(message) && can_refuse) return ReasonCode::quota_exceeded;
  if (!wanted) return ReasonCode::no_matching_subscribers;
  route_matched(message, publisher_hash, publisher);
  return ReasonCode::success;
}

/// Whether the message would be dropped for one of those whom matched_ names: a subscriber whose queue is full, or a
/// shared group in which nobody has room.
bool Shard::somebody_is_full() const {
  for (const auto* filter : matched_.filters) {
    if (filter->full.load(std::memory_order_relaxed) != 0) return true;
    const auto* list = filter->groups.load(std::memory_order_acquire);
    if (list != nullptr && std::any_of(list->groups.begin(), list->groups.end(), routing::is_full)) return true;
  }
  return false;
}

/// False if the store is at its limit.  [MQTT-3.3.1-5..8]
bool Shard::keep_retained(const Ref<mqtt::Message>& message) {
  const bool removes = message->payload().empty();
  if (!removes && memory_level_ >= MemoryLevel::refuse_connections) {
    counters_.drop(Drop::retained_full);
    return false;
  }
  const Ref<mqtt::Message> kept = as_retained(message);
  if (!removes) kept->charge();
  if (core_.retained.store(kept, std::move(routing_.source)) != routing::RetainedStore::Stored::refused) {
    const bool awaited = routing_.publisher != nullptr;
    record_retained(message->topic(), awaited ? routing_hold() : nullptr);
    return true;
  }
  counters_.drop(Drop::retained_full);
  return false;
}

/// The message, or the same with an earlier end where the operator wants it forgotten after a time: those who are there
/// get what the publisher sent.  What the broker says of itself is told anew all the time.
Ref<mqtt::Message> Shard::as_retained(const Ref<mqtt::Message>& message) const {
  const std::uint32_t most_s = options_->limits.retained_expiry_s;
  if (most_s == 0 || message->payload().empty() || message->topic().starts_with("$SYS/")) return message;
  const MonoTime end = now_ + Seconds{most_s};
  if (message->expires_at() <= end) return message;
  mqtt::MessageParts parts;
  parts.topic = message->topic();
  parts.payload = message->payload();
  parts.raw_properties = message->forwarded_properties();
  parts.qos = message->qos();
  parts.retain = message->retain();
  parts.expires_at = end;
  parts.received_at = now_;
  parts.origin = message->origin();
  parts.account = &counters_.messages;
  return mqtt::Message::create(parts);
}

/// Hands a message to everybody that matched_ names: other shards by one letter each, shared groups to one member,
/// the subscribers here into their queues.
void Shard::route_matched(const Ref<mqtt::Message>& message, std::uint64_t publisher_hash, Client* publisher) {
  std::uint64_t shards = 0;
  bool groups = false;
  for (const auto* filter : matched_.filters) {
    shards |= filter->shards.load(std::memory_order_acquire);
    groups = groups || filter->groups.load(std::memory_order_acquire) != nullptr;
  }
  const std::uint64_t self = std::uint64_t{1} << id_;
  for (std::uint64_t others = shards & ~self; others != 0; others &= others - 1) {
    const auto target = static_cast<routing::ShardId>(std::countr_zero(others));
    if (!held_back(target, *message, publisher)) outbox_.add(target, PublishLetter{message, hold_for(target)}, message->footprint());
  }
  if (groups) {
    for (const auto* filter : matched_.filters) {
      const auto* list = filter->groups.load(std::memory_order_acquire);
      if (list == nullptr) continue;
      for (const auto& group : list->groups) deliver_shared(message, group, publisher_hash, publisher, nullptr);
    }
  }
  if ((shards & self) != 0) deliver_local(message);
  if (routing_.publish == 0 || routing_.letters == 0) return;
  routing_.hold->parts = routing_.letters + 1;
  journal_.mark_part({routing_.publish, routing_.letters + 1});
}

/// What a letter to this shard carries, so that the acknowledgement waits for what is recorded there.
Ref<store::Hold> Shard::hold_for(routing::ShardId target) {
  return core_.counters(target).sessions_kept.get() != 0 ? take_hold() : nullptr;
}

/// One more hold on the acknowledgement, for a letter; none if nobody waits for one.
Ref<store::Hold> Shard::take_hold() {
  if (routing_.publisher == nullptr) return nullptr;
  routing_hold()->take();
  ++routing_.letters;
  return routing_.hold;
}

/// A shard that does not keep up: QoS 0 for it is dropped (true), a QoS > 0 publisher is not read from until it has
/// caught up; the message that it has sent already goes.
bool Shard::held_back(routing::ShardId target, const mqtt::Message& message, Client* publisher) {
  if (!outbox_.full(target)) return false;
  if (message.qos() == Qos::at_most_once) {
    counters_.drop(Drop::mailbox_full);
    return true;
  }
  hold_back(publisher);
  return false;
}

/// It is not read from until mailboxes and the disk have caught up.
void Shard::hold_back(Client* publisher) {
  if (publisher != nullptr && !publisher->paused_for_mailbox && publisher->transport != nullptr) {
    if (!publisher->paused_for_memory) held_back_.push_back(publisher);
    publisher->paused_for_mailbox = true;
    publisher->transport->pause_reading();
  }
}

void Shard::deliver_local(const Ref<mqtt::Message>& message) {
  if (matched_.filters.size() > 1 && options_->mqtt.deliver_overlapping_once) return deliver_gathered(message);
  for (const auto* filter : matched_.filters) {
    for (const auto subscriber : subscribers_.of(filter->id)) {
      ClientSession& session = sessions_[subscriber.session];
      if (subscriber.no_local() && message->origin() == origin_of(session)) continue;  // [MQTT-3.8.3-3]
      Terms terms;
      terms.qos = qos_for(*message, subscriber.qos());
      terms.retain = subscriber.retain_as_published() && message->retain();
      terms.subscription_id = subscriber.subscription_id();
      deliver(session, message, terms);
    }
  }
}

/// Several filters matched: a session that more than one of them leads to gets one copy, at the highest of its QoS and
/// with all its subscription identifiers.  [MQTT-3.3.4-2, MQTT-3.3.4-4]
void Shard::deliver_gathered(const Ref<mqtt::Message>& message) {
  ++match_serial_;
  std::size_t count = 0;
  for (const auto* filter : matched_.filters) {
    for (const auto subscriber : subscribers_.of(filter->id)) {
      ClientSession& session = sessions_[subscriber.session];
      if (subscriber.no_local() && message->origin() == origin_of(session)) continue;
      const Qos qos = qos_for(*message, subscriber.qos());
      const bool retain = subscriber.retain_as_published() && message->retain();
      if (session.match_serial != match_serial_) {
        session.match_serial = match_serial_;
        session.match_index = static_cast<std::uint32_t>(count);
        if (gathered_.size() == count) gathered_.emplace_back();
        Gathered& entry = gathered_[count++];
        entry.session = &session;
        entry.terms = {qos, retain, subscriber.subscription_id(), nullptr};
        entry.subscription_ids.clear();
        continue;
      }
      Gathered& entry = gathered_[session.match_index];
      entry.terms.qos = mqtt::higher_of(entry.terms.qos, qos);
      entry.terms.retain = entry.terms.retain || retain;
      if (subscriber.subscription_id() == 0) continue;
      if (entry.terms.subscription_id == 0) {
        entry.terms.subscription_id = subscriber.subscription_id();
      } else {
        if (entry.subscription_ids.empty()) entry.subscription_ids.push_back(entry.terms.subscription_id);
        entry.subscription_ids.push_back(subscriber.subscription_id());
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    Gathered& entry = gathered_[i];
    Ref<session::DeliveryExtra> extra;
    if (!entry.subscription_ids.empty()) {
      auto* ids = new session::DeliveryExtra;
      ids->subscription_ids = entry.subscription_ids;
      extra = Ref<session::DeliveryExtra>::adopt(ids);
      entry.terms.extra = &extra;
    }
    deliver(*entry.session, message, entry.terms);
  }
}

/// One member of a shared group gets the message.
void Shard::deliver_shared(const Ref<mqtt::Message>& message, const routing::Group& group, std::uint64_t publisher_hash,
                           Client* publisher, const routing::GroupMember* except) {
  routing::PickInput input;
  input.strategy = static_cast<routing::ShareStrategy>(options_->mqtt.share_strategy);
  input.publisher_hash = publisher_hash;
  if (input.strategy == routing::ShareStrategy::hash_topic) input.topic_hash = hash_bytes(message->topic(), 0);
  if (input.strategy == routing::ShareStrategy::random) input.random = random();
  input.except = except;
  const auto* member = routing::pick(group, input);
  if (member == nullptr) return drop_unshared(message);
  if (member->session.shard == id_) return deliver_to_member(message, *member, publisher_hash);
  if (held_back(member->session.shard, *message, publisher)) return;
  member->add_ref();
  // The member may have gone, and the message go on to a shard where it is recorded.
  Ref<store::Hold> hold = core_.sum(&ShardCounters::sessions_kept) != 0 ? take_hold() : nullptr;
  if (!hold && routing_.hold && routing_.publisher == nullptr) {  // it came by letter, and goes on as one
    hold = routing_.hold;
    hold->take();
    routing_.passed_on = true;
  }
  outbox_.add(member->session.shard,
              SharedLetter{message, Ref<routing::GroupMember>::adopt(member), publisher_hash, std::move(hold),
                           std::exchange(routing_.from_session, 0), std::exchange(routing_.from_seq, 0)},
              message->footprint());
}

/// Nobody is in the group: what was recorded for a former member goes.
void Shard::drop_unshared(const Ref<mqtt::Message>& message) {
  counters_.drop(Drop::no_member);
  take_off_former(message);
}

/// The delivery of a former member that nobody took over in the store is not needed any more.
void Shard::take_off_former(const Ref<mqtt::Message>& message) {
  const auto session = std::exchange(routing_.from_session, 0);
  if (session != 0) finish_other(session, std::exchange(routing_.from_seq, 0), message);
}

/// The member's session is on this shard, or was: then another member is picked.
void Shard::deliver_to_member(const Ref<mqtt::Message>& message, const routing::GroupMember& member,
                              std::uint64_t publisher_hash) {
  ClientSession* session = sessions_.find(member.session);
  if (session != nullptr && session->has_shared()) {
    for (const auto& shared : session->shared()) {
      if (shared.member.get() != &member) continue;
      Terms terms;
      terms.qos = qos_for(*message, shared.options.qos);
      terms.retain = shared.options.retain_as_published && message->retain();
      terms.subscription_id = shared.subscription_id;
      terms.extra = &shared.extra;
      deliver(*session, message, terms);
      take_off_former(message);
      return note_shared_load(*session);
    }
  }
  const auto* filter = core_.tree.find(member.filter);
  const auto* list = filter == nullptr ? nullptr : filter->groups.load(std::memory_order_acquire);
  if (list == nullptr) return drop_unshared(message);
  for (const auto& group : list->groups) {
    if (group.name == member.group) return deliver_shared(message, group, publisher_hash, nullptr, &member);
  }
  drop_unshared(message);
}

}  // namespace tombo::broker
