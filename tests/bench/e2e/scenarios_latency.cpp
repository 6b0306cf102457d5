#include <fmt/format.h>
#include <algorithm>

#include "flow.hpp"
#include "scenario.hpp"

namespace tombo::bench {
namespace {

constexpr double kWarmUpS = 0.5;
constexpr double kMessagesPerSecond = 5000;

struct Paced {
  FlowFigures figures;
  std::vector<std::uint32_t> delays_ns;  ///< sorted

  [[nodiscard]] double percentile_us(double share) const {
    const auto last = static_cast<double>(delays_ns.size() - 1);
    return delays_ns[static_cast<std::size_t>(share * last)] / 1e3;
  }
};

/// Ten pairs that send by the clock, whatever comes back.
Paced pace(const RunContext& context, std::uint8_t qos) {
  FlowPlan plan;
  plan.qos = qos;
  plan.drafts = [](std::uint32_t i) { return std::vector<Draft>(10, Draft{fmt::format("bench/{}", i)}); };
  plan.filters = [](std::uint32_t i) { return std::vector{fmt::format("bench/{}", i)}; };
  Flow flow(context.target, std::move(plan));
  Paced paced;
  // Reserved, so that no reallocation shows up as latency.
  paced.delays_ns.reserve(static_cast<std::size_t>(kMessagesPerSecond * (context.seconds + 1)));
  paced.figures = flow.pace(context.meter, kWarmUpS, context.seconds, kMessagesPerSecond, paced.delays_ns);
  flow.finish();
  std::ranges::sort(paced.delays_ns);
  return paced;
}

void add_delays(Result& result, const std::string& prefix, const Paced& paced) {
  result.add(prefix + "p50_us", paced.percentile_us(0.5));
  result.add(prefix + "p99_us", paced.percentile_us(0.99));
  result.add(prefix + "max_us", paced.percentile_us(1));
}

}  // namespace

Result run_latency(const RunContext& context) {
  Result result{"latency", {}};
  const auto qos0 = pace(context, 0);
  add_delays(result, "qos0_", qos0);
  result.add("qos0_cpu_us", qos0.figures.broker_cpu_us);
  if (context.target.relay) return result;  // The relay knows no acknowledgements.
  const auto qos1 = pace(context, 1);
  add_delays(result, "qos1_", qos1);
  result.add("qos1_cpu_us", qos1.figures.broker_cpu_us);
  return result;
}

Result run_lowrate(const RunContext& context) {
  Result result{"lowrate", {}};
  const auto paced = pace(context, 0);
  result.add("cpu_us", paced.figures.broker_cpu_us);
  result.add("rate", paced.figures.rate);
  result.add("generator_us", paced.figures.generator_cpu_us);
  add_delays(result, "", paced);
  return result;
}

}  // namespace tombo::bench
