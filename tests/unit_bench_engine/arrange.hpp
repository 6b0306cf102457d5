#pragma once

#include "bench/engine/run.hpp"
#include "unit_bench_engine/fake_broker.hpp"

#include <atomic>

namespace tombo::test {

/// One publisher, one subscriber, so many messages, measured from the first on.
inline bench::Plan pair_plan(const FakeBroker& broker, mqtt::Qos qos, std::uint64_t messages) {
  bench::Plan plan;
  plan.target.port = broker.port();
  plan.publishers = plan.subscribers = 1;
  plan.publish_qos = plan.subscribe_qos = qos;
  plan.messages = messages;
  plan.duration = bench::Seconds{60};
  plan.ramp_up = bench::Seconds{0};
  plan.drain = bench::Seconds{1};
  return plan;
}

inline bench::RunResult run_plan(const bench::Plan& plan) {
  const std::atomic<bool> stop{false};
  return bench::run(plan, stop, {});
}

/// The code of the first error, or ok.
inline bench::ExitCode first_error(const bench::RunResult& result) {
  return result.errors.empty() ? bench::ExitCode::ok : result.errors.front().code;
}

inline constexpr auto kQos0 = mqtt::Qos::at_most_once;
inline constexpr auto kQos1 = mqtt::Qos::at_least_once;
inline constexpr auto kQos2 = mqtt::Qos::exactly_once;

}  // namespace tombo::test
