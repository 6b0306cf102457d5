#include "support/bare_shard.hpp"
#include "support/codec.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace tombo::broker {
namespace {

using mqtt::Qos;
using mqtt::Version;

std::vector<std::uint8_t> client(Version version, const std::string& id, const std::string& filter) {
  mqtt::WriteBatch batch;
  mqtt::ConnectOut connect;
  connect.version = version;
  connect.client_id = id;
  mqtt::encode_connect(batch, connect);
  if (!filter.empty()) {
    mqtt::SubscriptionOut wanted;
    wanted.filter = filter;
    mqtt::encode_subscribe(batch, version, 1, std::vector{wanted}, {});
  }
  return test::bytes_of(batch);
}

std::vector<std::uint8_t> publishes(Version version, int count) {
  mqtt::WriteBatch batch;
  const std::string payload(64, 'x');
  for (int i = 0; i < count; ++i) {
    mqtt::encode_client_publish(batch, version, "site/1/t", mqtt::bytes_of(payload), Qos::at_most_once, false, false, 0, {});
  }
  return test::bytes_of(batch);
}

/// From bytes in to bytes out through one shard: `subscribers` of one topic, a turn of `batch` messages.
/// Items are deliveries.
void fan_out(benchmark::State& state, Version version) {
  test::BareShard broker;
  const auto subscribers = static_cast<int>(state.range(0));
  const auto batch = static_cast<int>(state.range(1));
  for (int i = 0; i < subscribers; ++i) broker.open(client(version, "s" + std::to_string(i), "site/1/t"));
  auto& publisher = broker.open(client(version, "p", ""));
  const auto packets = publishes(version, batch);
  for (auto _ : state) broker.turn(publisher, packets);
  state.SetItemsProcessed(state.iterations() * subscribers * batch);
}
BENCHMARK_CAPTURE(fan_out, v311, Version::v3_1_1)->Args({1, 1})->Args({1, 25})->Args({100, 1})->Args({100, 20})->Args({10'000, 1});
BENCHMARK_CAPTURE(fan_out, v5, Version::v5)->Args({1, 25})->Args({100, 20});

}  // namespace
}  // namespace tombo::broker
