#include <fmt/format.h>

#include "flow.hpp"
#include "scenario.hpp"

namespace tombo::bench {
namespace {

constexpr double kWarmUpS = 0.5;

/// Ten publishers to ten subscribers, a topic per pair.
FlowPlan pairs() {
  FlowPlan plan;
  plan.drafts = [](std::uint32_t i) { return std::vector<Draft>(100, Draft{fmt::format("bench/{}", i)}); };
  plan.filters = [](std::uint32_t i) { return std::vector{fmt::format("bench/{}", i)}; };
  return plan;
}

Result run_plan(const RunContext& context, const char* name, FlowPlan plan) {
  Flow flow(context.target, std::move(plan));
  const auto figures = flow.measure(context.meter, kWarmUpS, context.seconds);
  flow.finish();
  Result result{name, {}};
  result.add("cpu_us", figures.broker_cpu_us);
  result.add("rate", figures.rate);
  result.add("generator_us", figures.generator_cpu_us);
  return result;
}

FlowPlan window_20(FlowPlan plan) {
  plan.window = 20;
  plan.chunk = 20;
  plan.threshold = 5;
  return plan;
}

}  // namespace

Result run_qos0_batched(const RunContext& context) {
  return run_plan(context, "qos0_batched", pairs());
}

Result run_qos0_one(const RunContext& context) {
  auto plan = pairs();
  plan.window = plan.chunk = plan.threshold = 1;
  return run_plan(context, "qos0_one", std::move(plan));
}

Result run_fanin(const RunContext& context) {
  auto plan = window_20(pairs());
  plan.publishers = 50;
  plan.subscribers = 1;
  plan.filters = [](std::uint32_t) { return std::vector<std::string>{"bench/+"}; };
  return run_plan(context, "fanin", std::move(plan));
}

Result run_fanout(const RunContext& context) {
  auto plan = window_20(pairs());
  plan.publishers = 1;
  plan.subscribers = 100;
  plan.spread = Spread::all;
  plan.filters = [](std::uint32_t) { return std::vector<std::string>{"bench/0"}; };
  return run_plan(context, "fanout", std::move(plan));
}

Result run_qos1_batched(const RunContext& context) {
  auto plan = pairs();
  plan.qos = 1;
  return run_plan(context, "qos1_batched", std::move(plan));
}

Result run_qos2_batched(const RunContext& context) {
  auto plan = pairs();
  plan.qos = 2;
  return run_plan(context, "qos2_batched", std::move(plan));
}

Result run_qos0_16k(const RunContext& context) {
  auto plan = pairs();
  plan.payload_bytes = 16 * 1024;
  plan.window = 10;
  plan.chunk = 10;
  plan.threshold = 1;
  return run_plan(context, "qos0_16k", std::move(plan));
}

Result run_share4(const RunContext& context) {
  auto plan = pairs();
  plan.subscribers = 4;
  plan.spread = Spread::any;
  plan.drafts = [](std::uint32_t) { return std::vector<Draft>(100, Draft{"bench/shared"}); };
  plan.filters = [](std::uint32_t) { return std::vector<std::string>{"$share/group/bench/shared"}; };
  return run_plan(context, "share4", std::move(plan));
}

}  // namespace tombo::bench
