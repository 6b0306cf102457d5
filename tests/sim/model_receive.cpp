#include "mqtt/topic.hpp"
#include "sim/model.hpp"

#include <algorithm>
#include <charconv>

namespace tombo::sim {

// What a client may receive at all, in which form, how often and in which order.

/// The message that a payload names, or -1 for the empty payload that deletes a retained message.
int Model::message_of(const Reception& reception) const {
  if (reception.payload.empty()) return -1;
  int id = -1;
  const char* begin = reception.payload.data() + 1;
  const char* end = reception.payload.data() + reception.payload.size();
  if (reception.payload.front() == 'm') std::from_chars(begin, end, id);
  if (id < 0 || static_cast<std::size_t>(id) >= messages_.size())
    fail("a payload that nobody sent on {}", reception.topic);
  const Message& message = messages_[static_cast<std::size_t>(id)];
  if (message.payload != reception.payload) fail("message {} arrived with another payload", id);
  if (message.topic != reception.topic) fail("message {} arrived on {}, not {}", id, reception.topic, message.topic);
  return id;
}

/// No Local keeps it from its publisher.  Who had that client id before is another matter: that session is over.
bool Model::may_be_own(const Message& message, const Session& to, const Subscription& subscription) {
  return message.publisher != to.client || !subscription.options.no_local;
}

/// Whether a plain or shared subscription may have been there when the message passed its session's shard.
bool Model::could_see(const Message& message, const Subscription& subscription, const Session& to) const {
  const bool shared = !subscription.group.empty();
  if (!shared && !may_be_own(message, to, subscription)) return false;
  return std::any_of(message.taken.begin(), message.taken.end(), [&](const Message::Taken& taken) {
    if (subscription.until < taken.tick) return false;
    // A shared message may have been handed on by a member who went away.
    return shared || subscription.from <= reaches(taken, to.shard);
  });
}

/// Whether it was the topic's retained message at some time since the subscription was made.
bool Model::could_replay(const Message& message, const Subscription& subscription, int session_index) const {
  if (!message.retain || !subscription.group.empty()) return false;
  const auto& options = subscription.options;
  if (options.retain_handling == mqtt::RetainHandling::do_not_send) return false;
  if (options.retain_handling == mqtt::RetainHandling::send_if_new && !subscription.fresh) return false;
  // Whose it was, a retained message does not remember across a restart.
  const bool own = !message.taken.empty() && message.taken.back().session == session_index && !crossed(message);
  if (options.no_local && own) return false;
  const auto history = retained_.find(message.topic);
  if (history == retained_.end()) return false;
  for (std::size_t i = 0; i < history->second.size(); ++i) {
    if (history->second[i].message != message.id) continue;
    if (i + 1 == history->second.size() || history->second[i + 1].tick >= subscription.from) return true;
    // What replaced it may have been refused, and the publisher has not heard of it yet.
    if (plan_.lossy && plan_.options.mqtt.on_queue_full == config::QueueFull::reject_publisher) return true;
  }
  return false;
}

Model::Ways Model::ways(const Message& message, int session_index) const {
  Ways found;
  const Session& to = sessions_[static_cast<std::size_t>(session_index)];
  for (const auto& subscription : subscriptions_) {
    if (subscription.session != session_index || subscription.from > now_) continue;
    if (!mqtt::matches(subscription.filter, message.topic)) continue;
    if (could_see(message, subscription, to)) found.live.push_back(&subscription);
    if (could_replay(message, subscription, session_index)) found.replays.push_back(&subscription);
  }
  return found;
}

void Model::on_publish(int index, const Reception& reception, std::int64_t clock_ms) {
  ++receptions_;
  const Connection& to = connections_[static_cast<std::size_t>(index)];
  if (to.session == -1) fail("connection {} received a message before it had a session", index);
  const int id = message_of(reception);
  trace_.line("{} client {} got message {} qos={} retain={} dup={} fresh={}", now_, to.client, id,
              static_cast<int>(reception.qos), reception.retain, reception.dup, reception.fresh);
  if (id == -1) return;
  const Message& message = messages_[static_cast<std::size_t>(id)];
  if (message.taken.empty()) {
    fail("client {} got message {}, which the broker {}", to.client, id,
         message.refused ? "had refused" : "never took");
  }
  if (message.denied) fail("client {} got message {}, whose publisher was not allowed", to.client, id);
  Ways found = ways(message, to.session);
  if (!reception.retain) found.replays.clear();
  // With overlapping subscriptions one that publishes as retained decides for all.
  const bool live = std::any_of(found.live.begin(), found.live.end(), [&](const Subscription* s) {
    return reception.retain == (s->options.retain_as_published && message.retain);
  });
  if (!live && found.replays.empty()) {
    fail("client {} got message {} on {} (retain={}), for which it has no subscription", to.client, id, message.topic,
         reception.retain);
  }
  check_form(message, to, reception, found, clock_ms);
  check_count(message, to.session, reception, found);
  check_order(message, session(to.session), reception, found, clock_ms);
}

void Model::check_form(const Message& message, const Connection& to, const Reception& reception, const Ways& found,
                       std::int64_t clock_ms) const {
  const auto fits = [&](const Subscription* s) { return mqtt::lower_of(message.qos, s->options.qos) == reception.qos; };
  if (std::none_of(found.live.begin(), found.live.end(), fits) &&
      std::none_of(found.replays.begin(), found.replays.end(), fits)) {
    fail("client {} got message {} at QoS {}, which no subscription grants", to.client, message.id,
         static_cast<int>(reception.qos));
  }
  if (reception.packet_size > to.packet_max) fail("client {} got a packet larger than it accepts", to.client);
  for (const std::uint32_t id : reception.subscription_ids) {
    const auto named = [id](const Subscription* s) { return s->id == id; };
    if (std::none_of(found.live.begin(), found.live.end(), named) &&
        std::none_of(found.replays.begin(), found.replays.end(), named)) {
      fail("client {} got message {} with subscription identifier {}", to.client, message.id, id);
    }
  }
  if (to.version != mqtt::Version::v5) return;
  if (message.has_expiry != (reception.expiry_s >= 0)) fail("message {} lost or gained an expiry", message.id);
  if (!message.has_expiry) return;
  const std::int64_t age_s = (clock_ms - message.taken.front().clock_ms) / 1000;
  // What lasts is kept in whole seconds.
  const std::int64_t longer_s = crossed(message) ? 2 : 0;
  if (reception.expiry_s > message.expiry_s + longer_s || reception.expiry_s + age_s + 1 < message.expiry_s) {
    fail("message {} says it expires in {} s, of {} s, {} s after it was taken", message.id, reception.expiry_s,
         message.expiry_s, age_s);
  }
}

/// QoS 0 and 2 never twice, QoS 1 only with DUP, as often as the broker took it and there are ways.
void Model::check_count(const Message& message, int session_index, const Reception& reception, const Ways& found) {
  Session::Got& got = session(session_index).got[message.id];
  ++got.copies;
  const bool counts = reception.qos == mqtt::Qos::exactly_once ? reception.fresh : !reception.dup;
  if (!counts) return;
  unsigned count = ++(reception.retain ? got.replayed : got.live);
  unsigned& exact = reception.retain ? got.exact_replayed : got.exact;
  if (reception.qos == mqtt::Qos::exactly_once) ++exact;
  // What came at another QoS before a crash is another matter.
  if (crossed(message) && reception.qos == mqtt::Qos::exactly_once) count = exact;
  const bool shared =
      std::any_of(found.live.begin(), found.live.end(), [](const auto* s) { return !s->group.empty(); });
  // What is handed on may come back, at another QoS if the grants differ; finish_groups() looks at QoS 2.
  if (shared && message.qos != mqtt::Qos::at_most_once) return;
  const std::size_t copies =
      plan_.options.mqtt.deliver_overlapping_once ? std::min<std::size_t>(found.live.size(), 1) : found.live.size();
  const auto lost = static_cast<std::size_t>(
      std::count_if(message.taken.begin(), message.taken.end(), [](const auto& taken) { return taken.lost; }));
  std::size_t most = (message.taken.size() - lost) * copies + found.replays.size();
  // What a client said that it has may be forgotten in a crash; at QoS 2 it is not.
  if (reception.qos != mqtt::Qos::exactly_once) most = (most + lost * copies) * (1 + crashes_ - message.taken.front().crashes);
  if (count <= most) return;
  fail("client {} got message {} {} times at QoS {} (retain={}), at most {} are right", session(session_index).client,
       message.id, count, static_cast<int>(reception.qos), reception.retain, most);
}

/// Messages of one publisher on one topic and QoS come in the order in which they were sent, repeats aside.
void Model::check_order(const Message& message, Session& to, const Reception& reception, const Ways& found,
                        std::int64_t clock_ms) {
  if (reception.retain || to.got[message.id].copies > 1 || message.taken.size() > 1) return;
  // What was given up before a crash, since it had expired or a queue was full, may be on disk still; so may an elder will.
  constexpr std::int64_t kRounding_ms = 2000;  // what lasts is kept in whole seconds
  const std::int64_t expires_ms = message.taken.front().clock_ms + std::int64_t{message.expiry_s} * 1000;
  const bool given_up = plan_.lossy || (message.has_expiry && clock_ms > expires_ms - kRounding_ms);
  if ((crossed(message) && given_up) || (message.will && crashes_ != 0)) return;
  // What other members of a group hand on comes late.
  if (std::any_of(found.live.begin(), found.live.end(), [](const auto* s) { return !s->group.empty(); })) return;
  int& newest =
      to.newest[{message.publisher, message.topic, static_cast<int>(message.qos), static_cast<int>(reception.qos)}];
  if (message.id < newest) {
    fail("client {} got message {} after message {} of the same publisher, topic and QoS", to.client, message.id,
         newest);
  }
  newest = message.id;
}

}  // namespace tombo::sim
