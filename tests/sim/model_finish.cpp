#include "mqtt/topic.hpp"
#include "sim/model.hpp"

#include <algorithm>
#include <set>

namespace tombo::sim {

// What must have arrived, once nothing moves any more and everybody is connected.

void Model::finish() {
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    if (sessions_[i].alive && sessions_[i].connection != -1) finish_session(static_cast<int>(i));
  }
  finish_groups();
}

/// Whether a subscription, or what replaced it without a gap, is there to the end; `qos_min` is the least granted.
bool Model::stays(int index, Tick after, int& qos_min) const {
  qos_min = 2;
  while (true) {
    const Subscription& subscription = subscriptions_[static_cast<std::size_t>(index)];
    if (subscription.until >= after) qos_min = std::min(qos_min, static_cast<int>(subscription.options.qos));
    if (subscription.until == kForever) return true;
    if (subscription.next == -1) return false;
    index = subscription.next;
  }
}

bool Model::may_be_too_large(const Message& message, const Session& to) const {
  constexpr std::size_t kAround = 120;  // header, properties
  return message.topic.size() + message.payload.size() + kAround >
         connections_[static_cast<std::size_t>(to.connection)].packet_max;
}

void Model::finish_session(int index) {
  const Session& to = sessions_[static_cast<std::size_t>(index)];
  for (std::size_t s = 0; s < subscriptions_.size(); ++s) {
    const Subscription& subscription = subscriptions_[s];
    if (subscription.session != index || !subscription.group.empty() || subscription.from == kForever) continue;
    int qos_min = 0;
    for (const auto& message : messages_) {
      if (message.taken.empty() || message.denied || message.refused || message.has_expiry) continue;
      if (message.payload.empty() || !mqtt::matches(subscription.filter, message.topic)) continue;
      // Which of several sendings at QoS 2 was refused, its publisher may never have heard.
      if (message.qos == mqtt::Qos::exactly_once && message.taken.size() > 1 && plan_.lossy) continue;
      if (message.publisher == to.client || may_be_too_large(message, to)) continue;
      for (const auto& taken : message.taken) {
        if (taken.lost || may_be_lost(taken)) continue;
        if (subscription.from >= taken.tick || subscription.until <= taken.tick) continue;
        if (!stays(static_cast<int>(s), taken.tick, qos_min)) continue;
        const bool lasting = qos_min > 0 && message.qos != mqtt::Qos::at_most_once;
        if (!lasting && to.connected_from >= taken.tick) continue;
        ++obligations_;
        if (taken.crashes < crashes_) ++kept_;
        if (to.got.contains(message.id) || missing_allowed_) continue;
        fail("client {} never got message {} (QoS {}, subscription QoS {}, topic {}, {})", to.client, message.id,
             static_cast<int>(message.qos), qos_min, message.topic, message.will ? "a will" : "published");
      }
    }
  }
}

/// Each message goes to one member of each group, as long as the group has members.
void Model::finish_groups() {
  std::map<std::pair<std::string, std::string>, std::vector<int>> groups;
  for (std::size_t s = 0; s < subscriptions_.size(); ++s) {
    const Subscription& subscription = subscriptions_[s];
    if (subscription.from == kForever || subscription.group.empty()) continue;
    groups[{subscription.group, subscription.filter}].push_back(static_cast<int>(s));
  }
  for (const auto& [key, members] : groups) {
    for (const auto& message : messages_) {
      if (message.taken.size() != 1 || message.denied || message.has_expiry || message.payload.empty()) continue;
      const bool owed = !message.taken.front().lost && !may_be_lost(message.taken.front());
      if (message.qos == mqtt::Qos::at_most_once || !mqtt::matches(key.second, message.topic)) continue;
      const Tick taken = message.taken.front().tick;
      bool someone_stays = false;
      bool someone_left = false;
      int qos_least = 2;
      unsigned copies = 0;
      unsigned fresh = 0;
      bool forgetful = false;  // a member got it who does not survive: that it was handed on to it may be forgotten
      std::set<int> sessions;
      for (const int s : members) {
        const Subscription& member = subscriptions_[static_cast<std::size_t>(s)];
        int qos_min = 0;
        if (stays(s, taken, qos_min)) {
          someone_stays = someone_stays || (member.from < taken && member.until > taken);
        } else if (member.until >= taken) {
          // QoS 1 is handed on when a session ends; what had begun at QoS 2, or was there when the member
          // unsubscribed, may have gone with it; and so may what was on disk only.
          someone_left = someone_left || !member.ended || message.qos == mqtt::Qos::exactly_once || plan_.durable;
        }
        qos_least = std::min(qos_least, static_cast<int>(member.options.qos));
        if (!sessions.insert(member.session).second) continue;
        const auto& got = sessions_[static_cast<std::size_t>(member.session)].got;
        const auto found = got.find(message.id);
        if (found == got.end()) continue;
        forgetful = forgetful || sessions_[static_cast<std::size_t>(member.session)].records.empty();
        copies += found->second.copies;
        fresh += found->second.live + found->second.replayed;
      }
      if (qos_least == 2 && message.qos == mqtt::Qos::exactly_once && fresh > 1 && !(forgetful && crossed(message))) {
        fail("group {} got QoS 2 message {} {} times", key.first, message.id, fresh);
      }
      if (!someone_stays || someone_left || qos_least == 0 || !owed) continue;
      if (crossed(message)) ++kept_;
      ++obligations_;
      if (copies == 0 && !missing_allowed_)
        fail("group {} on {} never got message {}", key.first, key.second, message.id);
    }
  }
}

/// Asked for at one moment, had at another.
void Model::check_retained(int connection, std::int64_t asked_ms, std::int64_t clock_ms) {
  const Session& checker = session_of(connection);
  for (const auto& [topic, history] : retained_) {
    if (history.empty()) continue;
    const Retained& last = history.back();
    if (last.message == -1) continue;
    const Message& message = messages_[static_cast<std::size_t>(last.message)];
    if (message.payload.empty()) continue;
    // Which of several sendings was taken, nobody can tell where publishers are refused.
    const bool may_be_refused = plan_.lossy && plan_.options.mqtt.on_queue_full == config::QueueFull::reject_publisher;
    if (may_be_refused && message.taken.size() > 1) continue;
    const std::int64_t expires_ms = last.clock_ms + std::int64_t{message.expiry_s} * 1000;
    // What lasts is kept in whole seconds.
    const std::int64_t doubt_ms = crossed(message) ? 2000 : 0;
    const bool expired = message.has_expiry && asked_ms >= expires_ms + doubt_ms;
    if (message.has_expiry && !expired && clock_ms >= expires_ms - doubt_ms) continue;
    if (crossed(message)) ++kept_;
    ++obligations_;
    const bool there = checker.got.contains(message.id);
    if (there == !expired || (missing_allowed_ && !there)) continue;
    fail("retained message {} of {} is {}", message.id, topic, there ? "there after its expiry" : "missing");
  }
}

}  // namespace tombo::sim
