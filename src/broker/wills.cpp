#include "broker/shard.hpp"

#include "broker/retained_by.hpp"

#include <algorithm>
#include <utility>

namespace tombo::broker {

/// The connection of this session has ended.  The will goes out now, after its delay, or not at all; the session ends
/// now, after its expiry, or never.  [MQTT-3.1.2-8, MQTT-3.1.2-10, MQTT-4.1.0-2]
void Shard::connection_lost(ClientSession& session, bool keep_will) {
  const bool had_will = session.will != nullptr;
  if (!keep_will) session.will.reset();
  counters_.sessions_disconnected.add();
  if (session.expiry_s == 0) {
    counters_.sessions_disconnected.subtract();
    return end_session(session);
  }
  session.expires_at =
      session.expiry_s == mqtt::kSessionNeverExpires ? kNever : now_ + Seconds{session.expiry_s};
  if (session.stored) {
    session.stored->prompt = true;  // its next client may be another
    session.stored->sample = 0;
    session.stored->left_at = core_.clock().unix_seconds();
  }
  member_online(session, false);
  hand_on_shared(session, false);
  note_room(session);
  if (session.will) {
    const std::uint32_t delay_s = std::min(session.will->delay_s, options_->mqtt.will_delay_max_s);
    if (delay_s == 0) {
      publish_will(session);
    } else {
      session.will_due = now_ + Seconds{delay_s};
    }
  }
  // A will that is discarded or has gone out must not come back.
  record_session(session, had_will ? store::Haste::now : store::Haste::none);
  arm_session_timer(session);
}

void Shard::arm_session_timer(ClientSession& session) {
  const MonoTime due = std::min(session.will_due, session.expires_at);
  if (due != kNever) wheel_.arm(session, due);
}

void Shard::on_session_timer(ClientSession& session) {
  if (now_ >= session.expires_at) return expire_session(session);
  if (now_ >= session.will_due) {
    session.will_due = kNever;
    publish_will(session);
    record_session(session, store::Haste::now);
  }
  arm_session_timer(session);
}

void Shard::expire_session(ClientSession& session) {
  counters_.clients_expired.add();
  counters_.sessions_disconnected.subtract();
  lines_.expired(session.client_id());
  end_session(session);
}

void Shard::publish_will(ClientSession& session) {
  std::unique_ptr<session::Will> will = std::move(session.will);
  if (!will) return;
  const std::size_t listener = session.listener;
  const auto left = std::make_shared<const LeftWill>(LeftWill{std::move(*will), origin_of(session), session.entry->hash,
                                                              std::string{session.client_id()}, session.principal, listener});
  if (!core_.authenticator().restricts_access()) return ask_of_will(left);
  // The right to publish may have gone since CONNECT.
  const auth::Access access{auth::Action::publish, left->client_id, left->principal,  left->listener,
                            left->will.topic,      left->will.qos,  left->will.retain};
  Mailbox& mailbox = core_.mailbox(id_);
  const auto answer = core_.authenticator().access(access, [&mailbox, left](auth::AccessAnswer late) {
    if (late.decision != auth::Decision::allow) return;
    mailbox.post_call([left](Shard& shard) { shard.ask_of_will(left); });
  });
  if (answer.decision == auth::Decision::allow) return ask_of_will(left);
  if (answer.decision == auth::Decision::deny) counters_.drop(Drop::refused);
}

/// `will`: what is sent, which plugins may have changed.
void Shard::route_will(const session::Will& will, const LeftWill& left) {
  mqtt::MessageParts parts;
  parts.topic = will.topic;
  parts.payload = will.payload;
  parts.raw_properties = will.raw_properties;
  parts.qos = will.qos;
  parts.retain = will.retain;
  parts.expires_at = will.has_expiry ? now_ + Seconds{will.expiry_s} : kNever;
  parts.origin = left.origin;
  routing_ = {};
  if (will.retain && keeps_sources()) {
    routing_.source = std::make_shared<RetainedBy>(left.client_id, left.principal, static_cast<std::uint16_t>(left.listener));
  }
  route(parts, left.publisher_hash, nullptr);
}

/// The session is over: its will goes out if it still has one, its shared messages go to others, all else is dropped.
void Shard::end_session(ClientSession& session) {
  session.unlink();
  publish_will(session);
  drop_walks(session);
  member_online(session, false);
  hand_on_shared(session, true);
  const std::size_t queued = queued_messages(session);
  forget_session(session);
  remove_all_subscriptions(session);
  if (queued != 0) {
    counters_.drop(Drop::session_ended, queued);
    counters_.messages_queued.subtract(queued);
  }
  Directory::Entry& entry = *session.entry;
  sessions_.remove(session);
  core_.directory.release(entry);
  counters_.sessions.subtract();
}

}  // namespace tombo::broker
