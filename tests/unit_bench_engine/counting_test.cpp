#include "unit_bench_engine/arrange.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

// Counting is right against a broker that loses, doubles, swaps and damages on purpose.
namespace tombo::test {
namespace {

using bench::Faults;
using bench::Report;

std::vector<Payload> once(const Payload& payload) {
  return {payload};
}

Script that_loses_every(std::uint64_t period) {
  return {.deliver = [period](std::uint64_t n, const Payload& payload) {
    return n % period == period - 1 ? std::vector<Payload>{} : once(payload);
  }};
}

Script that_doubles_every(std::uint64_t period) {
  return {.deliver = [period](std::uint64_t n, const Payload& payload) {
    return n % period == period - 1 ? std::vector<Payload>{payload, payload} : once(payload);
  }};
}

/// Each message at the end of a period waits for the next one and comes after it.
Script that_swaps_every(std::uint64_t period) {
  auto held = std::make_shared<Payload>();
  return {.deliver = [period, held](std::uint64_t n, const Payload& payload) {
    if (n % period == period - 2) {
      *held = payload;
      return std::vector<Payload>{};
    }
    if (n % period == period - 1) return std::vector<Payload>{payload, *held};
    return once(payload);
  }};
}

Script that_damages_every(std::uint64_t period, std::size_t byte) {
  return {.deliver = [period, byte](std::uint64_t n, const Payload& payload) {
    Payload damaged = payload;
    if (n % period == period - 1) damaged[byte] ^= 0x10;
    return once(damaged);
  }};
}

Report report_of(Script script, mqtt::Qos qos, std::uint64_t messages) {
  const mqtt::Version version = script.version;
  const FakeBroker broker(std::move(script));
  bench::Plan plan = pair_plan(broker, qos, messages);
  plan.target.version = version;
  return run_plan(plan).report;
}

void expect_faults(const Report& report, std::uint64_t lost, std::uint64_t duplicated, std::uint64_t reordered,
                   std::uint64_t corrupted) {
  EXPECT_EQ(report.faults.lost, lost);
  EXPECT_EQ(report.faults.duplicated, duplicated);
  EXPECT_EQ(report.faults.reordered, reordered);
  EXPECT_EQ(report.faults.corrupted, corrupted);
}

TEST(Counting, FindsNothingWrongWithAnHonestBroker) {
  for (const mqtt::Version version : {mqtt::Version::v3_1, mqtt::Version::v3_1_1, mqtt::Version::v5}) {
    for (const mqtt::Qos qos : {kQos0, kQos1, kQos2}) {
      SCOPED_TRACE(testing::Message() << "v" << static_cast<int>(version) << " qos " << static_cast<int>(qos));
      const Report report = report_of({.version = version}, qos, 1000);
      EXPECT_EQ(report.sent, 1000U);
      EXPECT_EQ(report.acknowledged, 1000U);
      EXPECT_EQ(report.received, 1000U);
      EXPECT_EQ(report.received_in_all, 1000U);
      EXPECT_EQ(report.bytes_received, 64'000U);
      EXPECT_EQ(report.latency.count(), 1000U);
      EXPECT_EQ(report.acknowledge.count(), qos == kQos0 ? 0U : 1000U);
      expect_faults(report, 0, 0, 0, 0);
      EXPECT_TRUE(report.promise_kept);
      EXPECT_THAT(report.problems, testing::IsEmpty());
    }
  }
}

TEST(Counting, FindsWhatWasLost) {
  // The last message is one of them.
  const Report qos1 = report_of(that_loses_every(10), kQos1, 1000);
  expect_faults(qos1, 100, 0, 0, 0);
  EXPECT_EQ(qos1.received, 900U);
  EXPECT_FALSE(qos1.promise_kept);
  EXPECT_FALSE(report_of(that_loses_every(10), kQos2, 100).promise_kept);
}

TEST(Counting, CountsLossAtQos0WithoutHoldingItAgainstTheBroker) {
  const Report report = report_of(that_loses_every(10), kQos0, 1000);
  expect_faults(report, 100, 0, 0, 0);
  EXPECT_TRUE(report.promise_kept);
}

TEST(Counting, GoesOnWhenAWholeWindowIsLost) {
  Script script{.deliver = [](std::uint64_t n, const Payload& payload) {
    return n >= 100 && n < 300 ? std::vector<Payload>{} : once(payload);
  }};
  const Report report = report_of(std::move(script), kQos0, 1000);
  EXPECT_EQ(report.sent_in_all, 1000U);
  expect_faults(report, 200, 0, 0, 0);
}

TEST(Counting, FindsWhatCameTwice) {
  const Report qos1 = report_of(that_doubles_every(8), kQos1, 800);
  expect_faults(qos1, 0, 100, 0, 0);
  EXPECT_EQ(qos1.received, 800U);
  EXPECT_TRUE(qos1.promise_kept) << "QoS 1 may deliver twice";
  for (const mqtt::Qos qos : {kQos0, kQos2}) {
    const Report report = report_of(that_doubles_every(8), qos, 800);
    expect_faults(report, 0, 100, 0, 0);
    EXPECT_FALSE(report.promise_kept);
  }
}

TEST(Counting, TakesAResentQos2MessageForTheSameDelivery) {
  // covers: 5.0 MQTT-4.3.3-10
  const Report report = report_of({.repeat_unreleased = true}, kQos2, 500);
  expect_faults(report, 0, 0, 0, 0);
  EXPECT_TRUE(report.promise_kept);
}

TEST(Counting, FindsWhatCameOutOfOrder) {
  for (const mqtt::Qos qos : {kQos0, kQos1, kQos2}) {
    const Report report = report_of(that_swaps_every(20), qos, 1000);
    expect_faults(report, 0, 0, 50, 0);
    EXPECT_EQ(report.received, 1000U);
    EXPECT_FALSE(report.promise_kept);
  }
}

TEST(Counting, FindsADamagedStampOnceAndNotAsLost) {
  // Of the stamp's fields: time, stream, sequence, checksum.
  for (const std::size_t byte : {7U, 11U, 19U, 23U}) {
    const Report report = report_of(that_damages_every(10, byte), kQos1, 500);
    expect_faults(report, 0, 0, 0, 50);
    EXPECT_FALSE(report.promise_kept);
  }
}

TEST(Counting, FindsADamagedBody) {
  const Report report = report_of(that_damages_every(10, 40), kQos0, 500);
  expect_faults(report, 0, 0, 0, 50);
  EXPECT_EQ(report.received, 500U);
  EXPECT_FALSE(report.promise_kept);
}

TEST(Counting, FindsATruncatedMessage) {
  Script script{.deliver = [](std::uint64_t n, const Payload& payload) {
    return once(n == 7 ? Payload(payload.begin(), payload.end() - 1) : payload);
  }};
  expect_faults(report_of(std::move(script), kQos1, 100), 0, 0, 0, 1);
}

TEST(Counting, KeepsFaultsApart) {
  auto held = std::make_shared<Payload>();
  Script script{.deliver = [held](std::uint64_t n, const Payload& payload) {
    Payload damaged = payload;
    switch (n % 100) {
      case 10:
      case 11:
        return std::vector<Payload>{};
      case 20:
        return std::vector<Payload>{payload, payload};
      case 30:
        *held = payload;
        return std::vector<Payload>{};
      case 31:
        return std::vector<Payload>{payload, *held};
      case 50:
        damaged[20] ^= 1;
        return once(damaged);
      default:
        return once(payload);
    }
  }};
  const Report report = report_of(std::move(script), kQos1, 1000);
  expect_faults(report, 20, 10, 10, 10);
}

TEST(Counting, IsExactWithEveryTopology) {
  for (const auto topology :
       {bench::Topology::pairs, bench::Topology::fan_in, bench::Topology::fan_out, bench::Topology::wildcard}) {
    const FakeBroker broker(that_loses_every(10));
    bench::Plan plan = pair_plan(broker, kQos1, 300);
    plan.topology = topology;
    plan.publishers = plan.subscribers = 4;
    plan.threads = 2;
    const Report report = run_plan(plan).report;
    const std::uint64_t deliveries = topology == bench::Topology::fan_out ? 4800 : 1200;
    EXPECT_EQ(report.sent, 1200U);
    EXPECT_EQ(report.received, deliveries / 10 * 9);
    expect_faults(report, deliveries / 10, 0, 0, 0);
  }
}

TEST(Counting, TakesARefusedMessageForNoLostOne) {
  const Report report = report_of({.puback = mqtt::ReasonCode::quota_exceeded}, kQos1, 50);
  EXPECT_EQ(report.refused, 50U);
  expect_faults(report, 0, 0, 0, 0);
  EXPECT_THAT(report.problems, testing::Contains(testing::HasSubstr("refused 50 messages")));
}

TEST(Counting, CountsMessagesThatNobodyHasSubscribedTo) {
  const FakeBroker broker({.puback = mqtt::ReasonCode::no_matching_subscribers});
  bench::Plan plan = pair_plan(broker, kQos1, 200);
  plan.topology = bench::Topology::publish_only;
  const Report report = run_plan(plan).report;
  EXPECT_EQ(report.no_subscribers, 200U);
  EXPECT_EQ(report.acknowledged, 200U);
  EXPECT_TRUE(report.promise_kept);
}

TEST(Counting, SumsUpSecondBySecond) {
  const FakeBroker broker({});
  bench::Plan plan = pair_plan(broker, kQos1, 0);
  plan.messages = 0;
  plan.duration = bench::Seconds{1.2};
  plan.ramp_up = bench::Seconds{0.3};
  plan.ramp_down = bench::Seconds{0.1};
  const Report report = run_plan(plan).report;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  double length = 0;
  for (const bench::Second& second : report.seconds) {
    if (!second.measured) continue;
    sent += second.sent;
    received += second.received;
    length += second.length_s;
  }
  EXPECT_EQ(sent, report.sent);
  EXPECT_EQ(received, report.received);
  EXPECT_NEAR(length, 1.2, 1e-6);
  EXPECT_NEAR(report.measured_s, 1.2, 1e-6);
  EXPECT_LT(report.sent, report.sent_in_all);
  EXPECT_EQ(report.sent_in_all, report.received_in_all);
}

}  // namespace
}  // namespace tombo::test
