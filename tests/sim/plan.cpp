#include "sim/plan.hpp"

#include <fmt/format.h>

namespace tombo::sim {

namespace {

void draw_limits(Rng& rng, Plan& plan) {
  auto& limits = plan.options.limits;
  limits.in_flight_max = static_cast<std::uint16_t>(rng.chance(50) ? rng.range(1, 6) : 1000);
  limits.receive_maximum = static_cast<std::uint16_t>(rng.chance(40) ? rng.range(3, 10) : 1000);
  limits.output_bytes_max = rng.chance(50) ? rng.range(200, 4000) : 262'144;
  limits.retained_batch = rng.chance(50) ? rng.range(1, 3) : 100;
  limits.session_expiry_max_s = rng.chance(30) ? rng.range(5, 60) : 604'800;
  limits.topic_alias_max_out = static_cast<std::uint16_t>(rng.range(0, 4));
  if (plan.lossy) {
    limits.queue_messages_max = rng.range(2, 12);
    if (rng.chance(30)) limits.mailbox_bytes_max = 3000;
  }
}

/// From chance of its own: what seeds draw besides does not depend on it.
void draw_store(Plan& plan) {
  Rng rng(plan.seed ^ 0xD15C'0000'0000'0001ULL);
  plan.durable = rng.chance(60);
  if (!plan.durable) return;
  plan.store_pace = rng.chance(20) ? rng.range(1, 3) : rng.range(5, 40);
  plan.crashes = rng.chance(10) ? 0 : rng.range(1, 6) * 10'000 / plan.steps;
  plan.disk_troubles = rng.chance(60) ? 0 : rng.range(1, 6) * 10'000 / plan.steps;
  plan.steady_survives = rng.chance(70);
  auto& persistence = plan.options.persistence;
  static const std::vector<std::uint32_t> kPatiences = {0, 5, 300};
  static const std::vector<std::uint32_t> kIntervals = {0, 1'000, 5'000};
  persistence.patience_ms = rng.pick(kPatiences);
  persistence.sync_interval_ms = rng.pick(kIntervals);
  persistence.linger_ms = rng.chance(20) ? 200 : 0;
  persistence.window_messages = rng.chance(60) ? rng.range(1, 5) : 100;
  if (rng.chance(20)) persistence.backlog_bytes_max = rng.range(500, 3'000);
  if (rng.chance(30)) plan.options.limits.acks_waiting_max = rng.range(1, 5);
}

}  // namespace

Plan make_plan(std::uint64_t seed) {
  Rng rng(seed ^ 0x51D0'0000'0000'0001ULL);
  Plan plan;
  plan.seed = seed;
  plan.shards = rng.range(1, 4);
  plan.clients = rng.range(2, 7);
  plan.workers = rng.chance(60) ? rng.range(1, 5) : 0;
  plan.steps = rng.range(1000, 4000);
  plan.lossy = rng.chance(20);
  plan.late_verdicts = rng.chance(30);
  plan.faults = rng.chance(15) ? 0 : rng.range(1, 4);
  plan.leaps = rng.chance(30) ? 0 : rng.range(5, 25);
  auto& options = plan.options;
  options.listeners.emplace_back();
  options.allow_anonymous = true;
  options.sys.interval_s = 0;
  options.log.connections = false;
  options.placement = rng.chance(70) ? config::Placement::hash : config::Placement::least_loaded;
  options.mqtt.deliver_overlapping_once = rng.chance(70);
  options.mqtt.queue_qos0_offline = rng.chance(30);
  options.mqtt.tell_no_subscribers = rng.chance(50);
  options.mqtt.share_strategy = static_cast<config::ShareStrategy>(rng.below(6));
  options.mqtt.on_queue_full = static_cast<config::QueueFull>(rng.below(3));
  options.listeners.front().topic_alias_max = static_cast<std::uint16_t>(rng.chance(50) ? 0 : rng.range(1, 4));
  draw_limits(rng, plan);
  draw_store(plan);
  return plan;
}

std::string Plan::text() const {
  const auto& persistence = options.persistence;
  const std::string store =
      !durable ? std::string{}
               : fmt::format(" store: pace={} crashes={} troubles={} steady={} patience={} interval={} linger={} window={} "
                             "backlog={} acks={}",
                             store_pace, crashes, disk_troubles, steady_survives, persistence.patience_ms,
                             persistence.sync_interval_ms, persistence.linger_ms, persistence.window_messages,
                             persistence.backlog_bytes_max, options.limits.acks_waiting_max);
  return text_without_store() + store;
}

std::string Plan::text_without_store() const {
  return fmt::format(
      "seed={} shards={} clients={} workers={} steps={} lossy={} late_verdicts={} faults={} leaps={} "
      "in_flight={} receive={} output={} once={} strategy={} cap={}",
      seed, shards, clients, workers, steps, lossy, late_verdicts, faults, leaps, options.limits.in_flight_max,
      options.limits.receive_maximum, options.limits.output_bytes_max, options.mqtt.deliver_overlapping_once,
      static_cast<int>(options.mqtt.share_strategy), options.limits.session_expiry_max_s);
}

}  // namespace tombo::sim
