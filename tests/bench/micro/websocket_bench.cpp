#include "base/network.hpp"
#include "filter/proxy_header.hpp"
#include "filter/websocket.hpp"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::filter {
namespace {

constexpr std::string_view kHandshake =
    "GET /mqtt HTTP/1.1\r\nHost: broker.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

std::unique_ptr<ByteFilter> open_filter() {
  auto peer = std::make_shared<auth::Peer>();
  auto made = make_websocket(config::Listener{}, std::move(peer));
  Sink inward, outward;
  if (!made->receive({reinterpret_cast<const std::uint8_t*>(kHandshake.data()), kHandshake.size()}, inward, outward))
    std::abort();
  return made;
}

Sink masked_frame(std::size_t size) {
  Sink bytes{0x82};
  if (size < 126) {
    bytes.push_back(static_cast<std::uint8_t>(0x80 | size));
  } else {
    bytes.insert(bytes.end(), {0xFE, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
  }
  bytes.insert(bytes.end(), {1, 2, 3, 4});
  bytes.insert(bytes.end(), size, 'x');
  return bytes;
}

/// So many frames in one receive; the time is that of all of them.
void receive_frames(benchmark::State& state) {
  const auto made = open_filter();
  const Sink one = masked_frame(static_cast<std::size_t>(state.range(0)));
  Sink many, inward, outward;
  for (int i = 0; i < state.range(1); ++i) many.insert(many.end(), one.begin(), one.end());
  for (auto _ : state) {
    inward.clear();
    benchmark::DoNotOptimize(made->receive(many, inward, outward));
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(receive_frames)
    ->Args({64, 1})
    ->Args({64, 100})
    ->Args({110, 100})
    ->Args({200, 100})
    ->Args({1024, 16})
    ->Args({16'384, 1})
    ->Args({16'384, 4});

/// A frame of 16 KB in receives of this many bytes.
void receive_in_pieces(benchmark::State& state) {
  const auto made = open_filter();
  const Sink frame = masked_frame(16'384);
  Sink inward, outward;
  for (auto _ : state) {
    inward.clear();
    for (std::size_t at = 0; at < frame.size(); at += static_cast<std::size_t>(state.range(0))) {
      const std::size_t size = std::min(frame.size() - at, static_cast<std::size_t>(state.range(0)));
      made->receive({frame.data() + at, size}, inward, outward);
    }
  }
}
BENCHMARK(receive_in_pieces)->Arg(1448);

void send_frame(benchmark::State& state) {
  const auto made = open_filter();
  const auto size = static_cast<std::size_t>(state.range(0));
  // Source and target that lie alike in their pages make memmove() ten times as slow on some machines.
  const Sink payload(size + 1024, 'x');
  Sink outward;
  for (auto _ : state) {
    outward.clear();
    benchmark::DoNotOptimize(made->send(Bytes(payload).last(size), outward));
  }
}
BENCHMARK(send_frame)->Arg(64)->Arg(16'384);

/// What the two directions cost where nothing is to be done.
void copy_alone(benchmark::State& state) {
  const Sink payload(static_cast<std::size_t>(state.range(0)), 'x');
  Sink sink;
  for (auto _ : state) {
    sink.clear();
    sink.insert(sink.end(), payload.begin(), payload.end());
    benchmark::DoNotOptimize(sink.data());
  }
}
BENCHMARK(copy_alone)->Arg(64)->Arg(16'384);

void handshake(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(open_filter());
}
BENCHMARK(handshake);

void look_up_address(benchmark::State& state) {
  std::vector<Network> networks;
  for (int i = 0; i < state.range(0); ++i) {
    networks.push_back(*Network::parse(std::to_string(10 + i % 8) + "." + std::to_string(i / 8) + ".0.0/16"));
  }
  networks.push_back(*Network::parse("0.0.0.0/0"));
  const NetworkSet set(networks);
  const Address address = *Address::parse("11.1.2.3");
  for (auto _ : state) benchmark::DoNotOptimize(set.contains(address));
}
BENCHMARK(look_up_address)->Arg(3)->Arg(1000);

}  // namespace
}  // namespace tombo::filter
