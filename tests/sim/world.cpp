#include "sim/world.hpp"

#include <algorithm>
#include <utility>

namespace tombo::sim {

World::World(const Plan& plan, Trace& trace)
    : plan_(plan),
      trace_(trace),
      rng_(plan.seed),
      auth_(plan.seed + 1),
      disk_(plan.seed + 2),
      model_(plan, trace),
      turns_(plan.shards),
      handed_over_(plan.shards, -1) {
  began_ms_ = ManualClock{}.mono().time_since_epoch().count();
  start_broker();
  trace_.add(plan.text());
  for (unsigned i = 0; i < 1 + plan.clients + plan.workers; ++i) {
    Character who = draw_character(rng_, static_cast<int>(i), i > plan.clients);
    if (i == 0) {
      who = Character{};
      who.steady = true;
      if (plan_.durable && plan_.steady_survives) who.expiry_s = mqtt::kSessionNeverExpires;
    }
    clients_.push_back(std::make_unique<SimClient>(who, plan_, model_, trace_, rng_));
  }
  // The first one sees every will and every message from beginning to end.
  connect(*clients_[0]);
}

std::int64_t World::clock_ms() const {
  return broker_->clock.mono().time_since_epoch().count() + ahead_ms_;
}

void World::run() {
  for (unsigned i = 0; i < plan_.steps; ++i) step();
  trace_.line("everybody comes to rest");
  come_to_rest();
  check_drops();
  check_retained();
  model_.finish();
}

void World::step() {
  if (plan_.durable) {
    if (rng_.chance(plan_.store_pace)) return store_work();
    if (rng_.below(10'000) < plan_.crashes) return crash();
    if (rng_.below(10'000) < plan_.disk_troubles * (disk_.trouble() == SimDisk::Trouble::none ? 1 : 5)) return trouble_the_disk();
  }
  const unsigned what = rng_.below(1000);
  if (what < 400) return turn(rng_.below(plan_.shards));
  if (what < 700) {
    if (!open_.empty()) open_[rng_.below(open_.size())]->move(rng_, false);
    return;
  }
  if (what < 960) return client_step(*clients_[rng_.below(clients_.size())]);
  if (what < 975) return advance_clock();
  if (what < 975 + plan_.faults) return make_trouble();
  auth_.release_one();
}

/// One turn of a shard, and what the broker took in it.
void World::turn(unsigned shard) {
  model_.turn_begins(shard, ++tick_, clock_ms());
  broker_->turn(static_cast<routing::ShardId>(shard));
  for (std::size_t i = 0; i < open_.size(); ++i) tell(*open_[i]);
  if (plan_.durable) note_discarded();
  std::erase_if(open_, [](const Link* link) { return link->loss_told && (link->is_cut() || link->dead_for_client()); });
  if (plan_.durable) note_turn(shard);
}

void World::tell(Link& link) {
  const int connection = connection_of_link_[static_cast<std::size_t>(link.number())];
  link.consumed([&](Note note) {
    switch (note.kind) {
      case Note::Kind::connect:
        model_.connect_taken(note.index);
        return note_number(note.index);
      case Note::Kind::publish:
        return model_.publish_taken(connection, note.index);
      case Note::Kind::subscribe:
        return model_.subscribe_taken(connection, note.index);
      case Note::Kind::unsubscribe:
        return model_.unsubscribe_taken(connection, note.index);
      case Note::Kind::disconnect:
        return model_.disconnect_taken(connection, note.index);
      case Note::Kind::nothing:
        return;
    }
  });
  if (!link.broker_is_done() || link.loss_told) return;
  link.loss_told = true;
  model_.connection_over(connection);
}

void World::connect(SimClient& client) {
  const auto shard = static_cast<routing::ShardId>(rng_.below(plan_.shards));
  links_.push_back(std::make_unique<Link>(broker_->open(shard), static_cast<int>(links_.size())));
  open_.push_back(links_.back().get());
  client.connect(*links_.back(), clock_ms());
  connection_of_link_.push_back(client.connection());
}

void World::client_step(SimClient& client) {
  client.read(clock_ms());
  const bool steady = client.character().steady;
  if (steady && client.state() == SimClient::State::online && !std::exchange(steady_subscribed_, true)) {
    mqtt::SubscribeOptions options;
    options.qos = mqtt::Qos::exactly_once;
    return client.subscribe({}, "#", options);
  }
  switch (client.state()) {
    case SimClient::State::offline:
      if (client.may_connect() && rng_.chance(30)) connect(client);
      return;
    case SimClient::State::connecting:
      if (!steady && rng_.chance(2)) client.give_up(clock_ms());
      return;
    case SimClient::State::online:
      break;
  }
  if (steady && client.waits_for().empty() && !rng_.chance(30)) return client.send_acks(10);
  const unsigned what = steady ? 100 : rng_.below(1000);
  if (plan_.faults != 0 && what < 8) return client.leave(clock_ms());
  if (plan_.faults != 0 && what < 16 && client.may_connect()) return connect(client);  // takes itself over
  client.act();
}

void World::advance_clock() {
  const bool leap = rng_.chance(plan_.leaps);
  const Milliseconds by{leap ? rng_.range(5, 40) * 1000 : rng_.range(1, 15) * 100};
  broker_->clock.advance(by);
  trace_.line("clock +{} ms", by.count());
}

void World::make_trouble() {
  if (open_.empty()) return;
  Link& link = *open_[rng_.below(open_.size())];
  if (clients_[0]->link() == &link) return;
  if (rng_.chance(40)) {
    trace_.line("link {} is cut", link.number());
    link.cut();
  } else {
    const bool on = rng_.chance(60);
    trace_.line("link {} {}", link.number(), on ? "stalls" : "goes on");
    link.stall(on);
  }
}

/// Heals the network and lets everybody finish what was begun.
void World::come_to_rest() {
  constexpr int kRoundsMax = 3000;
  constexpr int kQuietRounds = 30;  // of 100 ms: nothing waits for longer, not even what goes with some later commit
  auth_.hurry();
  disk_.heal();
  int quiet = 0;
  for (int round = 0; round < kRoundsMax && quiet < kQuietRounds; ++round) {
    quiet = drain_round() ? quiet + 1 : 0;
  }
  for (const auto& client : clients_) {
    if (const std::string what = client->waits_for(); !what.empty()) throw Violation("at rest, " + what);
  }
  if (quiet < kQuietRounds) throw Violation("the broker does not come to rest");
}

/// True if nothing happened.
bool World::drain_round() {
  const std::uint64_t before = trace_.lines();
  for (unsigned shard = 0; shard < plan_.shards; ++shard) turn(shard);
  if (plan_.durable) {  // what waits for others or for the disk has its time
    broker_->clock.advance(Milliseconds{100});
    while (broker_->store_step()) {
    }
  }
  bool moved = false;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    open_[i]->heal();
    open_[i]->move(rng_, true);
    moved = moved || open_[i]->moving();
  }
  for (const auto& client : clients_) {
    client->read(clock_ms());
    if (client->state() == SimClient::State::offline && client->may_connect()) connect(*client);
    if (client->state() == SimClient::State::online) client->send_acks(1000);
  }
  return !moved && trace_.lines() == before;
}

/// Adds up what the present broker says that it dropped.
void World::count_drops() {
  dropped_.resize(broker::kDropReasons);
  for (std::size_t i = 0; i < dropped_.size(); ++i) dropped_[i] += broker_->dropped(static_cast<broker::Drop>(i));
}

/// What a broker drops it counts; in a world with room for everything it drops nothing but for these reasons.
void World::check_drops() {
  using broker::Drop;
  count_drops();
  std::uint64_t forced = 0;
  for (const Drop reason : {Drop::queue_full, Drop::slow_reader_qos0, Drop::mailbox_full, Drop::memory, Drop::retained_full}) {
    const std::uint64_t count = dropped_[static_cast<std::size_t>(reason)];
    trace_.line("dropped {}: {}", broker::name_of(reason), count);
    if (count != 0 && !plan_.lossy) {
      throw Violation(fmt::format("dropped {} messages: {}", count, broker::name_of(reason)));
    }
    forced += count;
  }
  if (forced != 0) model_.allow_missing();
  if (dropped_[static_cast<std::size_t>(Drop::damaged)] != 0) throw Violation("the store has damaged what was in it");
}

/// A new client subscribes to everything: what it gets are the retained messages.
void World::check_retained() {
  Character who;
  who.number = static_cast<int>(clients_.size());
  who.steady = true;
  clients_.push_back(std::make_unique<SimClient>(who, plan_, model_, trace_, rng_));
  SimClient& checker = *clients_.back();
  come_to_rest();
  mqtt::SubscribeOptions options;
  options.qos = mqtt::Qos::exactly_once;
  const std::int64_t asked_ms = clock_ms();
  checker.subscribe({}, "#", options);
  checker.subscribe({}, "$d/#", options);
  come_to_rest();
  model_.check_retained(checker.connection(), asked_ms, clock_ms());
}

Outcome run_seed(std::uint64_t seed, bool print_trace) {
  const Plan plan = make_plan(seed);
  Trace trace(print_trace);
  Outcome outcome;
  outcome.plan = plan.text();
  World world(plan, trace);
  try {
    world.run();
  } catch (const Violation& violation) {
    outcome.ok = false;
    outcome.violation = violation.what();
  }
  outcome.hash = trace.hash();
  outcome.events = trace.lines();
  outcome.receptions = world.model().receptions();
  outcome.obligations = world.model().obligations();
  outcome.crashes = world.model().crashes();
  outcome.kept = world.model().kept();
  outcome.disk_errors = world.disk().errors();
  outcome.last.assign(trace.last().begin(), trace.last().end());
  return outcome;
}

}  // namespace tombo::sim
