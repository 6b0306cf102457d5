#include "routing/retained_store.hpp"

#include "bench/micro/device_topics.hpp"

#include <benchmark/benchmark.h>

#include <memory>

namespace tombo::routing {
namespace {

std::vector<Ref<mqtt::Message>> messages(std::uint32_t count, bool siblings) {
  static constexpr std::uint8_t kPayload[64] = {1};
  std::vector<Ref<mqtt::Message>> made;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string topic = siblings ? "all/of/" + std::to_string(i) : bench::device_topic(i);
    mqtt::MessageParts parts;
    parts.topic = topic;
    parts.payload = kPayload;
    made.push_back(mqtt::Message::create(parts));
  }
  return made;
}

void store_new(benchmark::State& state, bool siblings) {
  const auto made = messages(static_cast<std::uint32_t>(state.range(0)), siblings);
  for (auto _ : state) {
    auto store = std::make_unique<RetainedStore>(RetainedLimits{.bytes_max = ~std::size_t{0}});
    for (const auto& message : made) store->store(message);
    state.PauseTiming();
    store.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(store_new, siblings, true)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(store_new, devices, false)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void store_again(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const auto made = messages(count, false);
  RetainedStore store({});
  for (const auto& message : made) store.store(message);
  bench::Shuffled order(count);
  for (auto _ : state) store.store(made[order.next()]);
}
BENCHMARK(store_again)->Arg(100'000);

void deliver_all(benchmark::State& state, bool siblings) {
  const auto made = messages(static_cast<std::uint32_t>(state.range(0)), siblings);
  RetainedStore store({.bytes_max = ~std::size_t{0}});
  for (const auto& message : made) store.store(message);
  std::vector<Ref<mqtt::Message>> out;
  std::size_t delivered = 0;
  for (auto _ : state) {
    auto cursor = store.walk("#");
    bool more = true;
    while (more) {
      more = store.next(*cursor, 100, 1000, MonoTime{}, out);
      delivered += out.size();
      out.clear();
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(delivered));
}
BENCHMARK_CAPTURE(deliver_all, siblings, true)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(deliver_all, devices, false)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tombo::routing
