#include "routing/subscriber_tables.hpp"

#include "bench/micro/device_topics.hpp"

#include <benchmark/benchmark.h>

namespace tombo::routing {
namespace {

void look_up_single_subscribers(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  SubscriberTables tables;
  for (FilterId id = 0; id < count; ++id) tables.add(id, {id, 0});
  bench::Shuffled order(count);
  std::uint64_t sum = 0;
  for (auto _ : state) sum += tables.of(order.next())[0].session;
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(look_up_single_subscribers)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void add_and_remove_single_subscribers(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) {
    SubscriberTables tables;
    for (FilterId id = 0; id < count; ++id) tables.add(id, {id, 0});
    for (FilterId id = 0; id < count; ++id) tables.remove(id, 0);
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(add_and_remove_single_subscribers)->Arg(100'000)->Unit(benchmark::kMillisecond);

void add_to_one_filter(benchmark::State& state) {
  for (auto _ : state) {
    SubscriberTables tables;
    for (std::uint32_t i = 0; i < 100'000; ++i) tables.add(7, {i, 0});
    benchmark::DoNotOptimize(tables.of(7).size());
  }
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(add_to_one_filter)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tombo::routing
