#include "routing/topic_tree.hpp"

#include "bench/micro/device_topics.hpp"

#include <benchmark/benchmark.h>

#include <memory>

namespace tombo::routing {
namespace {

struct Forest {
  Forest(std::uint32_t count, bool mixed) {
    for (std::uint32_t i = 0; i < count; ++i) {
      filters.push_back(tree.add_shard(mixed ? bench::mixed_filter(i) : bench::device_topic(i), 0));
    }
  }
  Qsbr qsbr{1};
  TopicTree tree{qsbr, 0x5eed};
  std::vector<Filter*> filters;
};

/// 64 k topics, ready made, spread over all devices.
std::vector<std::string> topics_of(std::uint32_t count) {
  bench::Shuffled order(count);
  std::vector<std::string> topics;
  for (int i = 0; i < 65'536; ++i) topics.push_back(bench::device_topic(order.next()));
  return topics;
}

void match(benchmark::State& state, bool mixed) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  const Forest forest(count, mixed);
  const auto topics = topics_of(count);
  MatchResult result;
  std::size_t next = 0;
  std::size_t hits = 0;
  for (auto _ : state) {
    forest.tree.match(topics[next++ & 65'535], result);
    hits += result.filters.size();
  }
  state.counters["hits"] = static_cast<double>(hits) / static_cast<double>(state.iterations());
}
BENCHMARK_CAPTURE(match, exact, false)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(match, mixed, true)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void subscribe(benchmark::State& state, bool mixed) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < count; ++i) texts.push_back(mixed ? bench::mixed_filter(i) : bench::device_topic(i));
  for (auto _ : state) {
    Qsbr qsbr(1);
    auto tree = std::make_unique<TopicTree>(qsbr, 0x5eed);
    for (const std::string& text : texts) benchmark::DoNotOptimize(tree->add_shard(text, 0));
    state.PauseTiming();
    tree.reset();
    qsbr.collect(~std::size_t{0});
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK_CAPTURE(subscribe, exact, false)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(subscribe, mixed, true)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// One filter comes and one goes in a tree of that size.
void churn(benchmark::State& state, bool mixed) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  Forest forest(count, mixed);
  bench::Shuffled order(count);
  for (auto _ : state) {
    const std::uint32_t number = order.next();
    const std::string text(forest.filters[number]->text());
    forest.tree.remove_shard(forest.filters[number], 0);
    forest.filters[number] = forest.tree.add_shard(text, 0);
  }
}
BENCHMARK_CAPTURE(churn, exact, false)->Arg(100'000);
BENCHMARK_CAPTURE(churn, mixed, true)->Arg(100'000);

void quiescent_point(benchmark::State& state) {
  Qsbr qsbr(8);
  qsbr.online(3);
  for (auto _ : state) qsbr.quiescent(3);
}
BENCHMARK(quiescent_point);

}  // namespace
}  // namespace tombo::routing
