#include "sim/model.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tombo::sim {

// What must be there after a crash, what may be, and what must not.
//
// Shards hand over what they record in order, and the disk keeps a prefix.  So whatever is known to be on stable storage
// (because an acknowledgement said so, or because the world has seen the store catch up) is there, and beyond it any
// later state of the same thing may be: which one, the world looks up, and from then on it is what counts.

namespace {

/// What lasts is kept in whole seconds.
constexpr std::int64_t kRounding_ms = 1000;
constexpr std::int64_t kWheelTick_ms = 100;

int number_in(std::string_view payload) {
  int id = -1;
  if (payload.starts_with('m')) std::from_chars(payload.data() + 1, payload.data() + payload.size(), id);
  return id;
}

}  // namespace

void Model::note_number(int client, std::uint64_t number) {
  const int present = session_of_client_[static_cast<std::size_t>(client)];
  if (number == 0 || present == -1 || session(present).number != 0) return;
  // Of several sessions within one turn only the last was seen.
  for (auto& other : sessions_) {
    if (other.client == client && other.number == number) other.number = 0;
  }
  session(present).number = number;
}

void Model::note_discarded(int index, std::uint64_t number) {
  Connection& connection = connections_[static_cast<std::size_t>(index)];
  if (connection.taken) return;
  const auto client = static_cast<std::size_t>(connection.client);
  const int present = client < session_of_client_.size() ? session_of_client_[client] : -1;
  if (present == -1 || session(present).number == 0 || session(present).number == number) return;
  if (!connection.clean_start && session(present).over_ms > clock_ms_) return;  // else it is over, timer or not
  if (session(present).connection != -1) fail("the session of client {} ended while its client was there", connection.client);
  end_session(present);
  connection.discards = present;
}

/// The session's row is written as it is now.
void Model::record(Session& of) const {
  if (of.expiry_s == 0) return;
  of.records.push_back({now_, of.left_ms, of.expiry_s, of.will, of.will_delay_s});
}

Tick Model::durable_for(const Session& of) const {
  return std::max(of.known, durable_[of.shard]);
}

/// Something that came later was durable: so is this session up to there, and the end of those before it.
void Model::prove(int index, Tick tick) {
  Session& of = session(index);
  if (of.expiry_s == 0) return;
  of.known = std::max(of.known, tick);
  for (auto& other : sessions_) {
    if (other.client == of.client && other.ended <= tick) other.known = std::max(other.known, tick);
  }
}

void Model::crashed(Tick tick) {
  now_ = tick;
  ++crashes_;
  for (auto& session : sessions_) session.connection = -1;
}

void Model::restarted(const Remains& remains, std::int64_t clock_ms) {
  clock_ms_ = clock_ms;
  std::map<int, const Remains::Session*> kept;
  for (const auto& session : remains.sessions) {
    if (!kept.emplace(session_for(session), &session).second) fail("two sessions of client {}", session.client);
  }
  const auto before = static_cast<int>(sessions_.size());
  for (int i = 0; i < before; ++i) {
    if (kept.contains(i)) continue;
    if (session(i).alive) lose_session(i);
    session(i).records.clear();  // nothing of it is there any more
  }
  for (const auto& [index, session] : kept) keep_session(index, *session);
  for (const auto& topic : retained_topics()) {
    const auto there = remains.retained.find(topic);
    keep_retained(topic, there == remains.retained.end() ? nullptr : &there->second);
  }
}

/// Which session it is that the broker has.
int Model::session_for(const Remains::Session& kept) const {
  int unseen = -1;
  for (auto i = static_cast<int>(sessions_.size()) - 1; i >= 0; --i) {
    const Session& known = sessions_[static_cast<std::size_t>(i)];
    if (known.client != kept.client) continue;
    if (known.number == kept.number) return i;
    if (known.number == 0 && !known.records.empty() && unseen == -1) unseen = i;
  }
  if (unseen == -1) fail("client {} has a session that nobody made", kept.client);
  return unseen;
}

void Model::lose_session(int index) {
  Session& lost = session(index);
  // Nothing acknowledged anything in it, or it was not to survive.
  if (lost.expiry_s != 0 && lost.begun <= durable_for(lost)) fail("the session of client {} is gone", lost.client);
  trace_.line("{} model: session {} of client {} is lost", now_, index, lost.client);
  lost.alive = false;
  lost.ended = lost.known = now_;
  lost.records.clear();
  lost.will = -1;
  for (const auto& [key, subscription] : lost.subscriptions) subscriptions_[static_cast<std::size_t>(subscription)].until = now_;
  session_of_client_[static_cast<std::size_t>(lost.client)] = -1;
}

void Model::keep_session(int index, const Remains::Session& kept) {
  Session& of = session(index);
  const Tick durable = durable_for(of);
  for (std::size_t i = static_cast<std::size_t>(index) + 1; i < sessions_.size(); ++i) {
    const Session& later = sessions_[i];
    if (later.client == of.client && !later.records.empty() && later.begun <= durable_for(later)) {
      fail("client {} has session {}, and session {} was durable", of.client, index, i);
    }
  }
  if (!of.alive) {
    // Nobody was promised that it is gone; but neither is it promised that it knows what its client has forgotten.
    if (of.ended <= durable) fail("session {} of client {} is back, whose end was durable", index, of.client);
    trace_.line("{} model: session {} of client {} is back", now_, index, of.client);
    of.alive = true;
    of.ended = kForever;
    of.got.clear();
    of.newest.clear();
  } else if (of.begun <= durable) {
    ++kept_;
  }
  session_of_client_[static_cast<std::size_t>(of.client)] = index;
  keep_times(of, kept, durable);
  keep_subscriptions(index, kept, durable);
  keep_exchanges(index, kept);
  of.number = kept.number;
  of.shard = kept.shard;
  of.known = now_;
}

/// Expiry and will as one of the records has them that may be the last one on the disk.
void Model::keep_times(Session& of, const Remains::Session& kept, Tick durable) {
  std::vector<Session::Record> found;  // the youngest first; within one second several may fit
  for (auto record = of.records.rbegin(); record != of.records.rend(); ++record) {
    if (fits(*record, kept)) found.push_back(*record);
    if (record->tick <= durable) break;
  }
  if (found.empty()) {
    if (of.records.empty()) fail("the session of client {} was never recorded", of.client);
    const Session::Record& last = of.records.back();
    fail("the session of client {} has expiry {}, {} ms from now, and will '{}', {} ms from now; its last record: left at {} ms, "
         "now is {} ms, expiry {}, will {}, delay {}",
         of.client, kept.expiry_s, kept.expires_ms - clock_ms_, kept.will, kept.will_due_ms - clock_ms_, last.left_ms, clock_ms_,
         last.expiry_s, last.will, last.will_delay_s);
  }
  const Session::Record first = found.front();
  of.expiry_s = first.expiry_s;
  of.will = first.will;
  of.will_delay_s = first.will_delay_s;
  of.left_ms = first.left_ms == -1 ? clock_ms_ : first.left_ms;
  const bool was_there = std::any_of(found.begin(), found.end(), [](const auto& record) { return record.left_ms == -1; });
  of.records.assign(found.rbegin(), found.rend());
  for (auto& record : of.records) record.tick = kForever;  // which of them it is, only the next one will tell
  of.records.front().tick = -1;
  // Who was there has left now; the broker writes that down, in some turn to come.
  if (was_there) {
    of.records.push_back({of.records.size() == 1 ? now_ + 1 : kForever, clock_ms_, of.expiry_s, of.will, of.will_delay_s});
  }
  // The timer wheel goes on with the next tick.
  const std::int64_t next_ms = clock_ms_ + kWheelTick_ms;
  of.over_ms = kept.expires_ms;
  of.expires_ms = kept.expires_ms == kForever ? kForever : std::max(kept.expires_ms, next_ms);
  of.will_due_ms = of.will == -1 ? kForever : std::max(kept.will_due_ms, next_ms);
}

bool Model::fits(const Session::Record& record, const Remains::Session& kept) const {
  const int will = kept.will.empty() ? -1 : number_in(kept.will);
  if (kept.expiry_s != record.expiry_s || will != record.will) return false;
  // What lasts is kept in whole seconds.
  const std::int64_t left_ms = record.left_ms == -1 ? clock_ms_ : record.left_ms;
  const std::int64_t away_s = std::max<std::int64_t>(0, clock_ms_ / 1000 - left_ms / 1000);
  const std::int64_t from_ms = clock_ms_ - away_s * 1000;
  const bool never = record.expiry_s == mqtt::kSessionNeverExpires;
  if (kept.expires_ms != (never ? kForever : from_ms + std::int64_t{record.expiry_s} * 1000)) return false;
  if (will == -1) return true;
  return kept.will == message(will).payload && kept.will_due_ms == from_ms + std::int64_t{record.will_delay_s} * 1000;
}

void Model::keep_subscriptions(int index, const Remains::Session& kept, Tick durable) {
  std::map<std::pair<std::string, std::string>, const Remains::Subscription*> all;
  for (const auto& subscription : subscriptions_) {
    if (subscription.session == index && subscription.from != kForever) all[{subscription.group, subscription.filter}] = nullptr;
  }
  for (const auto& subscription : kept.subscriptions) {
    const auto known = all.find({subscription.group, subscription.filter});
    if (known == all.end()) fail("client {} has a subscription to {} that nobody made", kept.client, subscription.filter);
    known->second = &subscription;
  }
  for (const auto& [key, subscription] : all) keep_subscription(index, key, subscription, durable);
}

/// The states of one subscription of a session, in their order.
std::vector<Model::Version> Model::versions_of(int index, const std::pair<std::string, std::string>& key) const {
  std::vector<Version> versions{{-1, -1}};
  for (std::size_t s = 0; s < subscriptions_.size(); ++s) {
    const Subscription& subscription = subscriptions_[s];
    if (subscription.session != index || subscription.from == kForever) continue;
    if (subscription.group != key.first || subscription.filter != key.second) continue;
    versions.push_back({subscription.from, static_cast<int>(s)});
    const bool removed = subscription.until != kForever && subscription.next == -1 && !subscription.ended;
    if (removed) versions.push_back({subscription.until, -1});
  }
  // Copies that crashes made come behind what they are copies of.
  std::stable_sort(versions.begin(), versions.end(), [](const Version& a, const Version& b) { return a.from < b.from; });
  return versions;
}

void Model::keep_subscription(int index, const std::pair<std::string, std::string>& key, const Remains::Subscription* kept,
                              Tick durable) {
  Session& of = session(index);
  const auto versions = versions_of(index, key);
  const auto same = [&](const Version& version) {
    if ((version.subscription == -1) != (kept == nullptr)) return false;
    if (kept == nullptr) return true;
    const Subscription& made = subscription(version.subscription);
    return made.options.qos == kept->qos && made.options.no_local == kept->no_local &&
           made.options.retain_as_published == kept->retain_as_published && made.id == kept->id;
  };
  auto version = versions.rbegin();
  while (!same(*version)) {
    if (version->from <= durable) {
      fail("the subscription of client {} to {} is {}", of.client, key.second, kept == nullptr ? "gone" : "another one");
    }
    ++version;
  }
  const int present = versions.back().subscription;
  const bool stays = present != -1 && subscription(present).until == kForever;
  if (kept != nullptr && version->from <= durable) ++kept_;
  if (kept != nullptr && stays && version->subscription == present) return;
  int again = -1;
  if (kept != nullptr) {
    Subscription copy = subscription(version->subscription);
    copy.from = now_;
    copy.until = kForever;
    copy.next = -1;
    copy.fresh = copy.ended = false;
    again = static_cast<int>(subscriptions_.size());
    subscriptions_.push_back(copy);
    of.subscriptions[key] = again;
  } else {
    of.subscriptions.erase(key);
    // Not there: so it did not end with its session either.
    if (present != -1) subscriptions_[static_cast<std::size_t>(present)].ended = false;
  }
  if (!stays) return;
  subscriptions_[static_cast<std::size_t>(present)].until = now_;
  subscriptions_[static_cast<std::size_t>(present)].next = again;
}

/// QoS 2 messages from this client of which the broker does not know are new when they are repeated, and nothing that
/// came of the first sending may be left.
void Model::keep_exchanges(int index, const Remains::Session& kept) {
  std::set<mqtt::PacketId> seen;
  for (auto message = messages_.rbegin(); message != messages_.rend(); ++message) {
    if (message->qos != mqtt::Qos::exactly_once || message->taken.empty() || message->taken.back().session != index) continue;
    if (message->will || !seen.insert(message->packet_id).second) continue;
    Message::Taken& taken = message->taken.back();
    if (taken.acked || kept.received.contains(message->packet_id)) continue;
    taken.lost = true;
  }
}

std::vector<std::string> Model::retained_topics() const {
  std::vector<std::string> topics;
  for (const auto& [topic, history] : retained_) topics.push_back(topic);
  return topics;
}

/// The last one that was acknowledged, or a newer one.
void Model::keep_retained(const std::string& topic, const std::string* payload) {
  auto& history = retained_[topic];
  const int id = payload == nullptr ? -1 : number_in(*payload);
  const bool may_be_refused = plan_.lossy && plan_.options.mqtt.on_queue_full == config::QueueFull::reject_publisher;
  const auto same = [&](const Retained& kept) {
    if (kept.message == id) return true;
    if (kept.message == -1 || id != -1) return false;
    const Message& message = messages_[static_cast<std::size_t>(kept.message)];
    const std::int64_t expires_ms = kept.clock_ms + std::int64_t{message.expiry_s} * 1000;
    return message.payload.empty() || (message.has_expiry && clock_ms_ > expires_ms - 2 * kRounding_ms);
  };
  Retained found{now_, id, clock_ms_, 0, true};
  auto kept = history.rbegin();
  for (; kept != history.rend() && !same(*kept); ++kept) {
    // Where publishers are refused nobody can tell which of several sendings was taken.
    const bool durable = !may_be_refused && (kept->acked || kept->tick <= durable_[kept->shard]);
    if (durable) fail("the retained message of {} is {}, and {} was durable", topic, id, kept->message);
  }
  if (kept == history.rend() && id != -1) fail("the retained message of {} is {}, which it never was", topic, id);
  if (kept != history.rend()) {
    found.clock_ms = kept->clock_ms;
    if (kept->acked) ++kept_;
  }
  history.push_back(found);
}

}  // namespace tombo::sim
