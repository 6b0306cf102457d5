#include "unit_bench_engine/arrange.hpp"

#include <gtest/gtest.h>

namespace tombo::test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMs = 1'000'000;

TEST(Latency, OfASyntheticDelayIsMeasuredWithinATenth) {
  const FakeBroker broker({.delay = 50ms});
  for (const double rate : {0.0, 200.0}) {
    bench::Plan plan = pair_plan(broker, kQos1, 200);
    plan.pace.rate = rate;
    const bench::Report report = run_plan(plan).report;
    ASSERT_EQ(report.latency.count(), 200U);
    EXPECT_GE(report.latency.min_ns(), 50 * kMs - kMs / 10);
    EXPECT_NEAR(static_cast<double>(report.latency.percentile_ns(50)), 50.0 * kMs, 5.0 * kMs);
    EXPECT_NEAR(report.latency.mean_ns(), 50.0 * kMs, 5.0 * kMs);
  }
}

TEST(OpenLoop, ChargesAStalledBrokerForEveryMessageThatWasDue) {
  // A thousand messages in a second, and the broker stands still for 300 ms of it: a third of them was late.
  const FakeBroker broker({.stall_at = 300, .stall = 300ms});
  bench::Plan plan = pair_plan(broker, kQos1, 1000);
  plan.pace.rate = 1000;
  const bench::Report report = run_plan(plan).report;
  EXPECT_EQ(report.faults.lost, 0U);
  EXPECT_EQ(report.received, 1000U);
  EXPECT_TRUE(report.promise_kept);
  EXPECT_GE(report.latency.max_ns(), 290 * kMs);
  EXPECT_GE(report.latency.percentile_ns(90), 150 * kMs) << "200 of 1000 waited for at least 100 ms";
}

TEST(OpenLoop, IsPunctual) {
  const FakeBroker broker({});
  bench::Plan plan = pair_plan(broker, kQos0, 100);
  plan.pace.rate = 1000;
  plan.publishers = plan.subscribers = 2;
  const bench::Report report = run_plan(plan).report;
  EXPECT_EQ(report.sent, 200U);
  EXPECT_GE(report.measured_s, 0.19) << "nothing was sent before it was due";
}

TEST(OpenLoop, WaitsForTheReceiveMaximumAndChargesTheWait) {
  const FakeBroker broker({.delay = 20ms, .receive_maximum = std::uint16_t{3}});
  bench::Plan plan = pair_plan(broker, kQos2, 60);
  plan.pace.rate = 10'000;
  const bench::Report report = run_plan(plan).report;
  EXPECT_EQ(report.received, 60U);
  EXPECT_LE(broker.most_in_flight(), 3U);
  EXPECT_TRUE(report.promise_kept);
}

TEST(ClosedLoop, KeepsToTheReceiveMaximum) {
  for (const mqtt::Qos qos : {kQos1, kQos2}) {
    const FakeBroker broker({.receive_maximum = std::uint16_t{5}});
    const bench::Report report = run_plan(pair_plan(broker, qos, 500)).report;
    EXPECT_EQ(report.received, 500U);
    EXPECT_LE(broker.most_in_flight(), 5U);
  }
}

}  // namespace
}  // namespace tombo::test
