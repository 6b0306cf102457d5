#include <fmt/format.h>
#include <algorithm>

#include "flow.hpp"
#include "scenario.hpp"

namespace tombo::bench {
namespace {

constexpr double kWarmUpS = 0.5;

/// Ten publishers to ten subscribers, a topic per pair.
FlowPlan pairs(std::uint32_t window = 100) {
  FlowPlan plan;
  plan.window = plan.chunk = window;
  plan.threshold = std::max(1U, window / 4);
  // Twice the window: few writes are cut by the reel's end, and the reel stays in the cache.
  plan.drafts = [=](std::uint32_t i) {
    return std::vector<Draft>(2 * window, Draft{fmt::format("bench/{}", i)});
  };
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

}  // namespace

Result run_qos0_batched(const RunContext& context) {
  return run_plan(context, "qos0_batched", pairs());
}

Result run_qos0_batched25(const RunContext& context) {
  auto plan = pairs();
  plan.chunk = 25;
  return run_plan(context, "qos0_batched25", std::move(plan));
}

Result run_qos0_one(const RunContext& context) {
  return run_plan(context, "qos0_one", pairs(1));
}

Result run_fanin(const RunContext& context) {
  auto plan = pairs(20);
  plan.publishers = 50;
  plan.subscribers = 1;
  plan.filters = [](std::uint32_t) { return std::vector<std::string>{"bench/+"}; };
  return run_plan(context, "fanin", std::move(plan));
}

Result run_fanout(const RunContext& context) {
  auto plan = pairs(20);
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
  auto plan = pairs(10);
  plan.payload_bytes = 16 * 1024;
  plan.threshold = 5;
  return run_plan(context, "qos0_16k", std::move(plan));
}

Result run_share4(const RunContext& context) {
  auto plan = pairs();
  plan.subscribers = 4;
  plan.spread = Spread::any;
  plan.drafts = [](std::uint32_t) { return std::vector<Draft>(200, Draft{"bench/shared"}); };
  plan.filters = [](std::uint32_t) { return std::vector<std::string>{"$share/group/bench/shared"}; };
  return run_plan(context, "share4", std::move(plan));
}

}  // namespace tombo::bench
