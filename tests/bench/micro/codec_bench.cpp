#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"
#include "mqtt/framer.hpp"
#include "support/codec.hpp"

#include <benchmark/benchmark.h>

#include <string>

namespace tombo::mqtt {
namespace {

std::vector<std::uint8_t> packet(Version version, std::size_t payload_size, Qos qos) {
  WriteBatch batch;
  const std::string payload(payload_size, 'x');
  encode_client_publish(batch, version, "site/17/dev/1000423/sensor/temperature", bytes_of(payload), qos, false, false,
                        qos == Qos::at_most_once ? 0 : 1, {});
  return test::bytes_of(batch);
}

void frame_and_decode_publish(benchmark::State& state, Version version, Qos qos) {
  const auto bytes = packet(version, static_cast<std::size_t>(state.range(0)), qos);
  const DecodeLimits limits;
  PublishView view;
  for (auto _ : state) {
    const auto result = next_frame(bytes, 1 << 20);
    benchmark::DoNotOptimize(decode_publish(result.frame, version, limits, view).ok());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(frame_and_decode_publish, v311_qos0, Version::v3_1_1, Qos::at_most_once)->Arg(64)->Arg(16'384);
BENCHMARK_CAPTURE(frame_and_decode_publish, v5_qos0, Version::v5, Qos::at_most_once)->Arg(64)->Arg(16'384);
BENCHMARK_CAPTURE(frame_and_decode_publish, v5_qos1, Version::v5, Qos::at_least_once)->Arg(64);

void encode_one_publish(benchmark::State& state, Version version, Qos qos) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  MessageParts parts;
  parts.topic = "site/17/dev/1000423/sensor/temperature";
  parts.payload = bytes_of(payload);
  const auto message = Message::create(parts);
  PublishOut publish;
  publish.message = &message;
  publish.qos = qos;
  publish.packet_id = qos == Qos::at_most_once ? 0 : 1;
  const PeerFormat peer{version, 0xFFFF'FFFF};
  WriteBatch batch;
  int in_batch = 0;
  for (auto _ : state) {
    encode_publish(batch, peer, publish);
    if (++in_batch == 100) {
      batch.clear();
      in_batch = 0;
    }
  }
}
BENCHMARK_CAPTURE(encode_one_publish, v311_qos0, Version::v3_1_1, Qos::at_most_once)->Arg(64)->Arg(16'384);
BENCHMARK_CAPTURE(encode_one_publish, v5_qos0, Version::v5, Qos::at_most_once)->Arg(64)->Arg(16'384);
BENCHMARK_CAPTURE(encode_one_publish, v5_qos1, Version::v5, Qos::at_least_once)->Arg(64);

void create_message(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  MessageParts parts;
  parts.topic = "site/17/dev/1000423/sensor/temperature";
  parts.payload = bytes_of(payload);
  for (auto _ : state) benchmark::DoNotOptimize(Message::create(parts).get());
}
BENCHMARK(create_message)->Arg(64)->Arg(16'384);

}  // namespace
}  // namespace tombo::mqtt
