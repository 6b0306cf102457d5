#include "broker/mailbox.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <thread>

namespace tombo::broker {
namespace {

Ref<mqtt::Message> message() {
  mqtt::MessageParts parts;
  parts.topic = "t";
  return mqtt::Message::create(parts);
}

/// Filling, posting and taking a turn's letters on one thread: what a letter costs without waking anybody.
void post_and_take(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto content = message();
  Mailbox mailbox(std::size_t{1} << 30);
  std::vector<Letter> out;
  std::vector<Letter> in;
  bool was_full = false;
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; ++i) out.emplace_back(PublishLetter{content});
    mailbox.post(out, count * content->footprint());
    mailbox.take(in, was_full);
    in.clear();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(post_and_take)->Arg(1)->Arg(25)->Arg(256);

/// The same with the receiver on another thread that never sleeps.
void post_to_a_running_shard(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto content = message();
  Mailbox mailbox(std::size_t{1} << 30);
  std::atomic<bool> stop{false};
  std::thread receiver([&] {
    std::vector<Letter> in;
    bool was_full = false;
    while (!stop.load(std::memory_order_relaxed)) {
      mailbox.take(in, was_full);
      in.clear();
    }
  });
  std::vector<Letter> out;
  for (auto _ : state) {
    while (mailbox.bytes() > (std::size_t{1} << 20)) std::this_thread::yield();
    for (std::size_t i = 0; i < count; ++i) out.emplace_back(PublishLetter{content});
    mailbox.post(out, count * content->footprint());
  }
  stop = true;
  receiver.join();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(post_to_a_running_shard)->Arg(25)->UseRealTime();

}  // namespace
}  // namespace tombo::broker
