#include "bridge/bridge.hpp"

#include "base/hash.hpp"
#include "plugin/host_actions.hpp"

#include <algorithm>
#include <utility>

namespace tombo::bridge {

using broker::BridgeState;

namespace {
constexpr Milliseconds kSecond{1000};
/// Until a connection is there, TLS included.
constexpr Milliseconds kDialPatience{20'000};
/// What may wait for a line that does not take it, before our session waits in its place.
constexpr std::size_t kOutMax = 256 * 1024;

BridgeState state_of(bool up, bool tries, bool over) {
  if (up) return BridgeState::connected;
  if (tries) return BridgeState::connecting;
  return over ? BridgeState::ended : BridgeState::idle;
}
}  // namespace

Bridge::Bridge(Parts parts)
    : parts_(std::move(parts)),
      plan_(parts_.plan),
      local_(*parts_.shard, *this),
      relay_({&parts_.shard->core(), plan_, parts_.figures, parts_.logger}),
      next_second_(parts_.shard->now()),
      private_bit_(plan_->options.try_private),
      random_state_(mix(parts_.seed + 1)) {}

Bridge::~Bridge() = default;

std::uint64_t Bridge::random() {
  random_state_ += 0x9E37'79B9'7F4A'7C15ULL;
  return mix(random_state_);
}

void Bridge::enter(Phase phase, MonoTime due) {
  phase_ = phase;
  due_ = due;
  const bool tries = phase == Phase::dialing || phase == Phase::greeting;
  const bool over =
      phase == Phase::ended || (phase == Phase::idle && plan_->options.start == config::BridgeStart::once);
  const bool waits = phase == Phase::waiting || phase == Phase::preparing || phase == Phase::leaving;
  parts_.figures->state.store(waits ? BridgeState::waiting : state_of(phase == Phase::up, tries, over),
                              std::memory_order_relaxed);
}

// --- what the bridge does by itself

void Bridge::begin() {
  say_here("0");
  prepare();
}

/// The subscriptions here come first, so that messages wait although the other broker may be away.
void Bridge::prepare() {
  if (next_plan_) plan_ = std::exchange(next_plan_, nullptr);
  enter(Phase::preparing, kNever);
  prepared_ = false;
  if (plan_->options.local_clean_session) {
    prepared_ = true;
    return ready();
  }
  join_due_ = true;
}

void Bridge::ready() {
  retained_due_ = true;
  if (plan_->options.start == config::BridgeStart::lazy) return enter(Phase::idle, kNever);
  dial();
}

void Bridge::dial() {
  if (next_plan_) plan_ = std::exchange(next_plan_, nullptr);
  if (plan_->addresses.empty()) return enter(Phase::idle, kNever);
  address_ %= plan_->addresses.size();
  enter(Phase::dialing, now() + kDialPatience);
  reading_ = true;
  parts_.line->dial(plan_->addresses[address_]);
}

void Bridge::wait(Milliseconds pause) {
  enter(Phase::waiting, now() + pause);
}

/// Doubled from attempt to attempt; between half of that and all of it, so that bridges do not come all at once.
Milliseconds Bridge::longer_pause() {
  const Milliseconds shortest = Seconds{plan_->options.restart_min_s};
  const Milliseconds longest = Seconds{plan_->options.restart_max_s};
  pause_ = pause_.count() == 0 ? shortest : std::min(pause_ * 2, longest);
  const auto half = pause_.count() / 2;
  return Milliseconds{half + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(half + 1))};
}

/// There was no connection; the next address has its turn, and a pause comes when all have had theirs.
void Bridge::attempt_failed(std::string_view why) {
  const auto& address = plan_->addresses[address_];
  if (told_ != why) {
    parts_.logger.warning("bridge {}: no connection to {}:{}: {}", plan_->name, address.host, address.port, why);
    told_ = why;
  } else {
    parts_.logger.debug("bridge {}: no connection to {}:{}: {}", plan_->name, address.host, address.port, why);
  }
  out_.clear();
  local_.cut(why);
  join_due_ = false;
  address_ = (address_ + 1) % plan_->addresses.size();
  wait(address_ == 0 ? longer_pause() : Milliseconds{0});
}

/// The connection was there and is not any more.
void Bridge::lost(std::string_view why) {
  parts_.logger.info("bridge {}: connection lost: {}", plan_->name, why);
  out_.clear();
  local_.cut(why);
  join_due_ = false;
  pinged_at_ = probe_at_ = kNever;
  say_here("0");
  if (plan_->options.start == config::BridgeStart::once) return enter(Phase::idle, kNever);
  address_ = plan_->options.round_robin ? (address_ + 1) % plan_->addresses.size() : 0;
  // Who throws us out at once is not asked again at once.
  if (now() - up_since_ < Seconds{plan_->options.restart_min_s}) return wait(longer_pause());
  pause_ = Milliseconds{0};
  wait(pause_);
}

/// Says goodbye on both sides.
void Bridge::part(After after) {
  if (phase_ == Phase::up) {
    say_there("0");
    write_disconnect(mqtt::ReasonCode::success);
    say_here("0");
  }
  if (phase_ == Phase::up || phase_ == Phase::dialing || phase_ == Phase::greeting) parts_.line->hang_up();
  pinged_at_ = probe_at_ = kNever;
  join_due_ = false;
  after_ = after;
  enter(Phase::leaving, kNever);
  local_.leave();
}

void Bridge::parted() {
  switch (after_) {
    case After::prepare:
      return prepare();
    case After::idle:
      return enter(Phase::idle, kNever);
    case After::end:
      break;
  }
  if (forget_) {
    parts_.shard->remove_session(plan_->local_client_id);
    if (!plan_->notification_topic.empty()) say_here("");
  }
  enter(Phase::ended, kNever);
}

void Bridge::change(std::shared_ptr<const Plan> plan) {
  const bool at_once = plan->options.reload == config::BridgeReload::immediate;
  private_bit_ = plan->options.try_private;
  next_plan_ = std::move(plan);
  if (!at_once || phase_ == Phase::ended) return;
  if (phase_ == Phase::leaving && after_ == After::end) return;
  pause_ = Milliseconds{0};
  address_ = 0;
  part(After::prepare);
}

void Bridge::end(bool forget) {
  forget_ = forget;
  part(After::end);
}

// --- time

MonoTime Bridge::next_due() const {
  const bool at_once = local_.has_work() || (join_due_ && local_.none()) || (phase_ == Phase::leaving && local_.none());
  return at_once ? now() : std::min(due_, next_second_);
}

void Bridge::turn() {
  if (ended()) return;
  local_.turn();
  if (local_.elsewhere()) return;
  if (join_due_ && local_.none()) {
    join();
    local_.turn();
  }
  if (phase_ == Phase::leaving && local_.none()) parted();
  if (now() >= next_second_) {
    next_second_ = now() + kSecond;
    every_second();
  }
  if (now() >= due_) {
    if (phase_ == Phase::waiting) {
      prepared_ ? dial() : prepare();
    } else if (phase_ == Phase::dialing || phase_ == Phase::greeting) {
      parts_.line->hang_up();
      attempt_failed(phase_ == Phase::dialing ? "it takes too long" : "it does not answer CONNECT");
    }
  }
  if (!reading_ && local_.joined() && local_.packets().size() < kOutMax) {
    reading_ = true;
    parts_.line->read(true);
  }
}

void Bridge::every_second() {
  look_at_queue();
  if (phase_ != Phase::up) return;
  keep_alive();
  if (phase_ != Phase::up) return;
  const auto& options = plan_->options;
  if (!options.round_robin && address_ != 0 && now() >= probe_at_ && !probing_) {
    probing_ = true;
    parts_.line->probe(plan_->addresses.front());
  }
  const auto& figures = *parts_.figures;
  const bool quiet = figures.queued_messages.get() == 0 && figures.in_flight.get() == 0;
  if (options.start == config::BridgeStart::lazy && quiet && now() >= carried_at_ + Seconds{options.idle_timeout_s})
    part(After::idle);
}

void Bridge::look_at_queue() {
  broker::SessionSeen seen;
  if (!parts_.shard->see_session(plan_->local_client_id, seen)) seen = {};
  parts_.figures->queued_messages.set(seen.queued);
  parts_.figures->queued_bytes.set(seen.queued_bytes);
  parts_.figures->in_flight.set(seen.in_flight);
  const bool lazy = plan_->options.start == config::BridgeStart::lazy;
  if (lazy && phase_ == Phase::idle && seen.queued + seen.in_flight >= plan_->options.threshold) dial();
}

/// The first address may be there again.
void Bridge::on_probed(bool reachable) {
  probing_ = false;
  probe_at_ = now() + Seconds{plan_->options.restart_max_s};
  if (!reachable || phase_ != Phase::up || address_ == 0) return;
  parts_.logger.info("bridge {}: the first address can be reached again", plan_->name);
  address_ = 0;
  part(After::prepare);
}

// --- the local end

LocalEnd::Terms Bridge::terms() const {
  const auto& options = plan_->options;
  auto queue = std::make_shared<broker::QueueTerms>();
  queue->messages_max = options.queue_messages_max;
  queue->bytes_max = options.queue_bytes_max;
  queue->drop_oldest = options.on_overflow == config::BridgeOverflow::drop_oldest;
  queue->in_flight_max = options.in_flight_max;
  queue->part = plan_->part;
  queue->parts = options.connections;
  LocalEnd::Terms terms;
  terms.client_id = plan_->local_client_id;
  terms.clean = options.local_clean_session;
  terms.filters = plan_->topics.out_filters();
  terms.own.user_name = options.local_user_name;
  terms.own.queue = std::move(queue);
  terms.own.figures = parts_.figures;
  return terms;
}

/// For the subscriptions alone, or for good.
void Bridge::join() {
  join_due_ = false;
  LocalEnd::Terms wanted = terms();
  if (phase_ == Phase::preparing) {
    wanted.retained = mqtt::RetainHandling::do_not_send;  // nobody takes them yet
    wanted.receive_maximum = wanted.own.in_flight_max = 1;
    return local_.join(std::move(wanted));
  }
  wanted.receive_maximum = wanted.own.in_flight_max = std::min(plan_->options.in_flight_max, welcome_.receive_maximum);
  wanted.retained = retained_due_ ? mqtt::RetainHandling::send : mqtt::RetainHandling::do_not_send;
  wanted.qos_max = welcome_.peer.qos_max;
  wanted.own.forget_received = !welcome_.session_present;
  local_.join(std::move(wanted));
}

void Bridge::on_joined(bool present) {
  if (!present) relay_.distrust_ids();
  if (phase_ == Phase::up && !welcome_.session_present) relay_.trust_ids();
}

void Bridge::on_subscribed() {
  prepared_ = true;
  if (phase_ == Phase::preparing) return local_.leave();
  retained_due_ = false;
}

void Bridge::on_local_packet(const mqtt::Frame& frame) {
  if (phase_ != Phase::up) return;  // it is sent again
  if (frame.type == mqtt::PacketType::publish) carried_at_ = now();
  relay_.outward(frame, now(), out_, local_.packets());
}

bool Bridge::takes_more() const {
  return out_.size() < kOutMax;
}

void Bridge::on_written() {
  if (out_.size() < kOutMax / 2) local_.go_on();
}

void Bridge::on_local_lost(std::string_view why) {
  if (phase_ == Phase::preparing) {
    if (prepared_) return ready();
    return wait(longer_pause());
  }
  if (phase_ != Phase::up || local_.elsewhere()) return;
  parts_.logger.info("bridge {}: its session here has ended: {}", plan_->name, why);
  say_there("0");
  write_disconnect(mqtt::ReasonCode::success);
  parts_.line->hang_up();
  pinged_at_ = probe_at_ = kNever;
  say_here("0");
  wait(longer_pause());
}

void Bridge::say_here(std::string_view state) {
  if (plan_->notification_topic.empty()) return;
  plugin::OwnMessage message;
  message.topic = plan_->notification_topic;
  message.payload = state;
  message.retain = true;
  parts_.shard->publish_own(message);
}

}  // namespace tombo::bridge
