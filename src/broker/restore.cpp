#include "broker/shard.hpp"

#include "broker/kept_owner.hpp"
#include "mqtt/topic.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

// A session as the store has it becomes a session again, before the shard runs.

std::optional<routing::SessionHandle> Shard::restore(const RestoredSession& kept) {
  auto* entry = core_.directory.claim(kept.row.client_id, id_);
  if (entry == nullptr || entry->slot != Directory::kNoSlot) return std::nullopt;
  counters_.sessions.add();
  counters_.sessions_disconnected.add();
  counters_.sessions_kept.add();
  ClientSession& session = sessions_.add(*entry);
  counters_.sessions_begun.set(session.generation);
  session.expiry_s = kept.row.expiry_s;
  session.principal = kept_owner(kept.row, session.listener);
  session.stored = std::make_unique<Stored>();
  Stored& stored = *session.stored;
  stored.number = kept.number;
  stored.left_at = kept.row.left_at != 0 ? kept.row.left_at : core_.clock().unix_seconds();
  stored.read_from = kept.head;
  stored.on_disk = stored.restoring = true;
  stored.counted = false;
  // Deliveries may name memberships that are gone, so their numbers are not given again: each start has its own.
  constexpr unsigned kSharesPerStart = 12;
  stored.next_share = static_cast<std::uint32_t>(core_.epoch() << kSharesPerStart);
  for (const auto& [filter, row] : kept.subscriptions) restore_subscription(session, filter, row);
  for (const auto id : kept.received) session.begin_receive(id);
  restore_times(session, kept.row);
  // Its client has lost its connection with the broker's end.
  if (kept.row.left_at == 0) record_session(session, store::Haste::none);
  return handle_of(session);
}

void Shard::discard(const RestoredSession& kept) {
  const auto erase = [this](std::string key) {
    record(store::RowChanged{std::move(key), {}, true}, store::Haste::none, nullptr);
  };
  for (const auto& subscription : kept.subscriptions) erase(store::subscription_key(kept.number, subscription.first));
  for (const auto id : kept.received) erase(store::received_key(kept.number, id));
  record(store::SessionEnded{kept.number}, store::Haste::none, nullptr);
}

void Shard::restore_subscription(ClientSession& session, std::string_view filter, const store::SubscriptionRow& row) {
  const auto parsed = mqtt::parse_filter(filter);
  if (!parsed.valid) return;
  if (!parsed.shared) {
    static_cast<void>(add_plain(session, parsed.filter, row.options, row.subscription_id));
    return;
  }
  add_shared(session, parsed.share_name, parsed.filter, row.options, row.subscription_id, row.share_number);
  session.stored->next_share = std::max(session.stored->next_share, row.share_number + 1);
  for (auto& shared : session.shared()) {
    if (shared.member) shared.member->online.store(false, std::memory_order_relaxed);
  }
}

/// Expiry and will go on from when the client was last there.
void Shard::restore_times(ClientSession& session, const store::SessionRow& row) {
  const std::int64_t unix_now = core_.clock().unix_seconds();
  const Seconds away{row.left_at == 0 ? 0 : std::max<std::int64_t>(0, unix_now - row.left_at)};
  if (session.expiry_s != mqtt::kSessionNeverExpires) session.expires_at = now_ + Seconds{session.expiry_s} - away;
  if (row.will) {
    session.will = std::make_unique<session::Will>();
    session::Will& will = *session.will;
    will.topic = row.will->topic;
    will.payload.assign(row.will->payload.begin(), row.will->payload.end());
    will.raw_properties.assign(row.will->raw_properties.begin(), row.will->raw_properties.end());
    will.qos = row.will->qos;
    will.retain = row.will->retain;
    will.delay_s = row.will->delay_s;
    will.has_expiry = row.will->expiry_s.has_value();
    will.expiry_s = row.will->expiry_s.value_or(0);
    session.will_due = now_ + Seconds{std::min(will.delay_s, options_->mqtt.will_delay_max_s)} - away;
  }
  const MonoTime due = std::min(session.will_due, session.expires_at);
  if (due != kNever) wheel_.arm(session, std::max(due, now_));
}

}  // namespace tombo::broker
