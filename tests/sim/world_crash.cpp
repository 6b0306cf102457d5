#include "mqtt/topic.hpp"
#include "sim/world.hpp"

#include <charconv>
#include <utility>

namespace tombo::sim {

// The store of a world, and what happens when its broker dies.

namespace {

/// "c7" is client 7.
int client_of(std::string_view client_id) {
  int client = -1;
  std::from_chars(client_id.data() + 1, client_id.data() + client_id.size(), client);
  return client;
}

}  // namespace

test::VirtualBroker::Setup World::setup() {
  test::VirtualBroker::Setup made;
  made.options = plan_.options;
  made.shards = plan_.shards;
  made.seed = plan_.seed + 7 + model_.crashes();
  if (plan_.late_verdicts) made.authenticator = &auth_;
  if (!plan_.durable) return made;
  made.engine = &disk_;
  // The monotonic clock begins anew, somewhere; the wall clock goes on.
  if (model_.crashes() != 0) made.clock_at = Milliseconds{rng_.below(1000) * 100};
  made.wall_ahead = Milliseconds{clock_at_ms_} - made.clock_at;
  return made;
}

void World::start_broker() {
  broker_ = std::make_unique<test::VirtualBroker>(setup());
  ahead_ms_ = began_ms_ + clock_at_ms_ - broker_->clock.mono().time_since_epoch().count();
}

/// One piece of the store's work, at most.
void World::store_work() {
  const bool worked = broker_->store_step();
  if (worked) trace_.line("the store works");
  if (broker_->store().next_due() != kNever || !disk_.all_synced()) return;
  // Everything that was handed over is on the disk.
  for (unsigned shard = 0; shard < plan_.shards; ++shard) model_.stored_up_to(shard, handed_over_[shard]);
}

/// What a shard records it hands over within 50 ms, or later if a turn comes later only.
void World::note_turn(unsigned shard) {
  constexpr std::int64_t kHandedOver_ms = 50;
  auto& turns = turns_[shard];
  turns.push_back({tick_, clock_ms()});
  while (!turns.empty() && turns.front().clock_ms + kHandedOver_ms <= clock_ms()) {
    handed_over_[shard] = turns.front().tick;
    turns.pop_front();
  }
}

void World::trouble_the_disk() {
  if (disk_.trouble() != SimDisk::Trouble::none) {
    trace_.line("the disk is well again");
    return disk_.heal();
  }
  const bool full = rng_.chance(50);
  trace_.line("the disk {}", full ? "is full" : "fails");
  disk_.begin_trouble(full ? SimDisk::Trouble::full : SimDisk::Trouble::failing);
}

/// Power loss, or kill -9: which of the two makes a difference to the disk only.
void World::crash() {
  trace_.line("the broker dies");
  for (const auto& link : links_) {
    if (!link->dead_for_broker()) link->broker_dies(rng_.chance(50));
  }
  open_.clear();
  for (const auto& client : clients_) client->read(clock_ms());
  count_drops();
  model_.crashed(++tick_);
  auth_.forget();
  const std::int64_t died_ms = clock_ms();
  broker_.reset();
  const std::size_t lost = disk_.crash();
  const std::int64_t away_ms = rng_.chance(30) ? rng_.range(1, 1200) * 100 : 0;
  clock_at_ms_ = died_ms - began_ms_ + away_ms;
  start_broker();
  trace_.line("the broker is back after {} ms; {} writes are lost", away_ms, lost);
  for (auto& turns : turns_) turns.clear();
  steady_subscribed_ = false;
  model_.restarted(look(), clock_ms());
}

/// The number in the store of the session that this client has now.
std::uint64_t World::number_of(std::string_view client_id) const {
  routing::ShardId home = 0;
  auto& core = broker_->core();
  if (!core.directory.find(client_id, home)) return 0;
  const auto* entry = core.directory.find_at_home(client_id, home);
  if (entry == nullptr || entry->slot == broker::Directory::kNoSlot) return 0;
  const auto& stored = broker_->shard(home).sessions()[entry->slot].stored;
  return stored ? stored->number : 0;
}

void World::note_number(int connection) {
  if (!plan_.durable) return;
  const int client = model_.connection(connection).client;
  model_.note_number(client, number_of(fmt::format("c{}", client)));
}

void World::note_discarded() {
  for (const Link* link : open_) {
    const int connection = connection_of_link_[static_cast<std::size_t>(link->number())];
    const Connection& asks = model_.connection(connection);
    if (asks.taken) continue;
    model_.note_discarded(connection, number_of(fmt::format("c{}", asks.client)));
  }
}

/// What the broker has, looked at from inside: asking it as a client would change it.
Remains World::look() {
  Remains remains;
  for (unsigned i = 0; i < plan_.shards; ++i) {
    broker::Shard& shard = broker_->shard(static_cast<routing::ShardId>(i));
    shard.sessions().for_each([&](broker::ClientSession& session) { remains.sessions.push_back(look_at(shard, session)); });
  }
  for (const auto& topic : model_.retained_topics()) {
    const auto message = broker_->core().retained.find(topic);
    if (message) remains.retained[topic] = mqtt::text_of(message->payload());
  }
  return remains;
}

Remains::Session World::look_at(broker::Shard& shard, broker::ClientSession& session) const {
  const auto on_our_clock = [&](MonoTime time) {
    return time == kNever ? kForever : time.time_since_epoch().count() + ahead_ms_;
  };
  Remains::Session seen;
  seen.client = client_of(session.client_id());
  seen.number = session.stored ? session.stored->number : 0;
  seen.shard = shard.id();
  seen.expiry_s = session.expiry_s;
  seen.expires_ms = on_our_clock(session.expires_at);
  seen.will_due_ms = on_our_clock(session.will_due);
  if (session.will) seen.will = mqtt::text_of(session.will->payload);
  session.for_each_receiving([&](mqtt::PacketId id) { seen.received.insert(id); });
  broker::SubscriptionQuery query;
  query.client_id = session.client_id();
  query.begun = INT32_MAX;  // whenever it began
  constexpr std::size_t kMany = 10'000;
  for (const auto& row : shard.list_subscriptions(query, {}, kMany).rows) {
    const auto parsed = mqtt::parse_filter(row.filter);
    seen.subscriptions.push_back({std::string(parsed.share_name), std::string(parsed.filter), static_cast<mqtt::Qos>(row.qos),
                                  row.no_local, row.retain_as_published, row.subscription_id});
  }
  return seen;
}

}  // namespace tombo::sim
