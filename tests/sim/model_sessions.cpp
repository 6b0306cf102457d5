#include "sim/model.hpp"

#include <algorithm>
#include <utility>

namespace tombo::sim {

// What the broker took, and what follows from it for sessions, wills and retained messages.

int Model::add_message(Message message) {
  message.id = static_cast<int>(messages_.size());
  messages_.push_back(std::move(message));
  return messages_.back().id;
}

int Model::add_connection(Connection connection) {
  connections_.push_back(connection);
  return static_cast<int>(connections_.size()) - 1;
}

int Model::add_subscription(Subscription subscription) {
  subscription.from = kForever;  // nobody has taken it yet
  subscriptions_.push_back(std::move(subscription));
  return static_cast<int>(subscriptions_.size()) - 1;
}

int Model::add_removal(std::string group, std::string filter) {
  removals_.push_back({std::move(group), std::move(filter), -1, 0});
  return static_cast<int>(removals_.size()) - 1;
}

int Model::add_disconnect(bool keep_will, std::int64_t expiry_s) {
  disconnects_.push_back({keep_will, expiry_s});
  return static_cast<int>(disconnects_.size()) - 1;
}

Session& Model::session_of(int connection) {
  return session(connections_[static_cast<std::size_t>(connection)].session);
}

/// Timers fire at the beginning of a turn.  All intervals here are whole seconds and the world's clock goes in steps of
/// the broker's timer wheel, so there is no doubt about the turn.
void Model::turn_begins(unsigned shard, Tick tick, std::int64_t clock_ms) {
  now_ = tick;
  shard_ = shard;
  clock_ms_ = clock_ms;
  turns_[shard].push_back(tick);
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    Session& session = sessions_[i];
    if (!session.alive || session.shard != shard || session.connection != -1) continue;
    if (session.expires_ms <= clock_ms) {
      end_session(static_cast<int>(i));
    } else if (session.will_due_ms <= clock_ms) {
      publish_will(session);
      record(session);
    }
  }
}

void Model::publish_now(int index, int by_session) {
  Message& message = messages_[static_cast<std::size_t>(index)];
  message.taken.push_back({now_, shard_, clock_ms_, by_session, crashes_});
  trace_.line("{} model: message {} taken on shard {}", now_, index, shard_);
  if (message.retain && !message.denied) retained_[message.topic].push_back({now_, index, clock_ms_, shard_});
}

void Model::publish_will(Session& session) {
  session.will_due_ms = kForever;
  const int will = std::exchange(session.will, -1);
  if (will != -1) publish_now(will, static_cast<int>(&session - sessions_.data()));
}

void Model::end_session(int index) {
  Session& ending = session(index);
  publish_will(ending);
  ending.alive = false;
  ending.ended = now_;
  trace_.line("{} model: session {} of client {} ends", now_, index, ending.client);
  for (const auto& [key, subscription] : ending.subscriptions) {
    subscriptions_[static_cast<std::size_t>(subscription)].until = now_;
    subscriptions_[static_cast<std::size_t>(subscription)].ended = true;
  }
  session_of_client_[static_cast<std::size_t>(ending.client)] = -1;
}

/// The connection of a session has ended.
void Model::leave_session(int index, bool keep_will) {
  Session& left = session(index);
  left.connection = -1;
  left.left_ms = clock_ms_;
  if (!keep_will) left.will = -1;
  if (left.expiry_s == 0) return end_session(index);
  left.expires_ms =
      left.expiry_s == mqtt::kSessionNeverExpires ? kForever : clock_ms_ + std::int64_t{left.expiry_s} * 1000;
  left.over_ms = left.expires_ms;
  if (left.will != -1) {
    left.will_due_ms = clock_ms_ + std::int64_t{left.will_delay_s} * 1000;
    if (left.will_delay_s == 0) publish_will(left);
  }
  record(left);
}

void Model::connect_taken(int index) {
  Connection& connection = connections_[static_cast<std::size_t>(index)];
  connection.taken = true;
  // What its client has discarded and what it does next must not be mixed up after a crash.
  if (connection.discards != -1) session(connection.discards).known = now_;
  const auto client = static_cast<std::size_t>(connection.client);
  if (session_of_client_.size() <= client) session_of_client_.resize(client + 1, -1);
  int known = session_of_client_[client];
  // The broker closes the elder connection in the same turn, so its end was told before; if not, nobody was taken over.
  if (known != -1 && session(known).connection != -1) {
    fail("connection {} was accepted beside connection {} of the same client", index, session(known).connection);
  }
  const bool over = known != -1 && session(known).over_ms <= clock_ms_;
  if (known != -1 && (connection.clean_start || over)) {
    end_session(known);
    known = -1;
  }
  connection.present = known != -1;
  if (known == -1) {
    known = static_cast<int>(sessions_.size());
    sessions_.emplace_back();
    sessions_.back().client = connection.client;
    sessions_.back().begun = now_;
    session_of_client_[client] = known;
  }
  Session& current = session(known);
  current.shard = shard_;
  current.connection = index;
  current.connected_from = now_;
  current.expires_ms = current.over_ms = current.will_due_ms = kForever;
  current.expiry_s = connection.expiry_s;
  if (plan_.options.limits.session_expiry_max_s != mqtt::kSessionNeverExpires) {
    current.expiry_s = std::min(current.expiry_s, plan_.options.limits.session_expiry_max_s);
  }
  current.will = connection.will;
  current.will_delay_s = connection.will_delay_s;
  current.left_ms = -1;
  record(current);
  connection.session = known;
  trace_.line("{} model: connection {} has session {} present={}", now_, index, known, connection.present);
}

void Model::publish_taken(int connection, int index) {
  const int by = connections_[static_cast<std::size_t>(connection)].session;
  const Message& message = messages_[static_cast<std::size_t>(index)];
  // Where publishers are refused, the first sending may have been: then the repeat is taken.
  const bool may_refuse = plan_.lossy && plan_.options.mqtt.on_queue_full == config::QueueFull::reject_publisher;
  const bool repeated = !message.taken.empty() && message.taken.back().session == by && !message.taken.back().lost;
  if (message.qos == mqtt::Qos::exactly_once && repeated && !may_refuse) return;
  publish_now(index, by);
}

void Model::subscribe_taken(int connection, int index) {
  Subscription& fresh = subscriptions_[static_cast<std::size_t>(index)];
  if (plan_.late_verdicts && is_denied(fresh.filter)) return;
  fresh.session = connections_[static_cast<std::size_t>(connection)].session;
  fresh.connection = connection;
  fresh.from = now_;
  Session& of = session(fresh.session);
  const auto [place, added] = of.subscriptions.try_emplace({fresh.group, fresh.filter}, index);
  fresh.fresh = added;
  if (!added) {
    Subscription& old = subscriptions_[static_cast<std::size_t>(place->second)];
    old.until = now_;
    old.next = index;
    place->second = index;
  }
}

void Model::unsubscribe_taken(int connection, int index) {
  Removal& removal = removals_[static_cast<std::size_t>(index)];
  Session& of = session_of(connection);
  const auto place = of.subscriptions.find({removal.group, removal.filter});
  if (place == of.subscriptions.end()) return;
  subscriptions_[static_cast<std::size_t>(place->second)].until = now_;
  of.subscriptions.erase(place);
  removal.session = connections_[static_cast<std::size_t>(connection)].session;
  removal.tick = now_;
}

void Model::disconnect_taken(int index, int disconnect) {
  const Disconnect& said = disconnects_[static_cast<std::size_t>(disconnect)];
  Connection& connection = connections_[static_cast<std::size_t>(index)];
  connection.no_will = !said.keep_will;
  if (said.expiry_s < 0) return;
  session(connection.session).expiry_s =
      std::min(static_cast<std::uint32_t>(said.expiry_s), plan_.options.limits.session_expiry_max_s);
}

void Model::connection_over(int index) {
  Connection& connection = connections_[static_cast<std::size_t>(index)];
  connection.over = true;
  connection.over_ms = clock_ms_;
  trace_.line("{} model: connection {} is over", now_, index);
  if (connection.session == -1 || session(connection.session).connection != index) return;
  leave_session(connection.session, !connection.no_will);
}

void Model::on_connack(int index, bool session_present) {
  const Connection& connection = connections_[static_cast<std::size_t>(index)];
  if (!connection.taken) fail("connection {}: CONNACK before the broker took CONNECT", index);
  if (connection.version == mqtt::Version::v3_1) {
    if (session_present) fail("connection {}: session present told to a 3.1 client", index);
    return;
  }
  if (session_present == connection.present) return;
  fail("connection {} of client {}: session present is {}, expected {}", index, connection.client, session_present,
       connection.present);
}

/// PUBACK or PUBREC with an error: that sending was not taken after all.
void Model::on_refused(int index) {
  Message& message = messages_[static_cast<std::size_t>(index)];
  message.refused = true;
  if (message.taken.empty()) return;
  message.taken.pop_back();
  auto& history = retained_[message.topic];
  const auto last =
      std::find_if(history.rbegin(), history.rend(), [&](const Retained& r) { return r.message == index; });
  if (last != history.rend()) history.erase(std::next(last).base());
}

/// PUBACK or PUBREC has come.
void Model::on_acked(int index) {
  Message& message = messages_[static_cast<std::size_t>(index)];
  if (message.taken.empty()) fail("message {} was acknowledged, which the broker never took", index);
  Message::Taken& taken = message.taken.back();
  taken.acked = true;
  for (auto& kept : retained_[message.topic]) {
    if (kept.message == index && kept.tick == taken.tick) kept.acked = true;
  }
  // Before PUBREC its identifier is recorded in the publisher's session.
  if (message.qos == mqtt::Qos::exactly_once && !message.denied) prove(taken.session, taken.tick);
}

void Model::on_subscribed(int index) {
  const Subscription& subscription = subscriptions_[static_cast<std::size_t>(index)];
  if (subscription.session != -1) prove(subscription.session, subscription.from);
}

void Model::on_unsubscribed(int index) {
  const Removal& removal = removals_[static_cast<std::size_t>(index)];
  if (removal.session != -1) prove(removal.session, removal.tick);
}

/// The first turn of a shard in which it must have seen a message.
Tick Model::reaches(const Message::Taken& taken, unsigned shard) const {
  if (taken.crashes < crashes_) {  // the session may have been elsewhere
    Tick latest = taken.tick;
    for (const auto& turns : turns_) {
      const auto next = std::upper_bound(turns.begin(), turns.end(), taken.tick);
      if (next == turns.end()) return kForever;
      latest = std::max(latest, *next);
    }
    return latest;
  }
  if (taken.shard == shard) return taken.tick;
  const auto& turns = turns_[shard];
  const auto next = std::upper_bound(turns.begin(), turns.end(), taken.tick);
  return next == turns.end() ? kForever : *next;
}

}  // namespace tombo::sim
