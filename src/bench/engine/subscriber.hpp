#pragma once

#include "bench/engine/context.hpp"
#include "bench/engine/link.hpp"
#include "bench/measure/stamp.hpp"
#include "mqtt/packet_views.hpp"

#include <bitset>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace tombo::bench::engine {

/// The receiving side of one client: checks every message and answers its handshake.
class Subscriber {
 public:
  Subscriber(Context& context, const ClientSpec& spec);

  /// A connection was made; what the server has forgotten is forgotten here, too.
  void begin(bool session_present);
  /// `now` is when the bytes were read.  False: a message that is not to be answered with another (a duplicate of
  /// QoS 2, or one that is damaged).
  bool on_publish(const mqtt::PublishView& publish, Link& link, std::int64_t now);
  void on_pubrel(mqtt::PacketId id, Link& link);

  bool handshakes_done() const { return open_count_ == 0; }
  /// What this client alone has seen go wrong; `sent` tells how many messages a stream has.
  template <class SentOf>
  Faults faults(SentOf&& sent_of) const;
  ClientResult result() const;

 private:
  bool deliver(const mqtt::PublishView& publish, std::int64_t now);
  bool deliver_unchecked(mqtt::Bytes payload, std::int64_t now);
  void note_arrival(std::size_t size, std::int64_t now);
  bool body_is_right(mqtt::Bytes payload) const;
  StreamState* state_of(std::uint32_t stamp_stream);
  StreamState* stranger(std::uint32_t stamp_stream);
  void count(StreamState& state, const Stamp& stamp, std::uint32_t stream, std::size_t size, std::int64_t now);
  void give_credit(StreamState& state, std::uint64_t sequence, std::uint32_t stream);
  void note_latency(const Stamp& stamp);
  bool begin_handshake(const mqtt::PublishView& publish, Link& link);

  Context& context_;
  const ClientSpec& spec_;
  std::vector<StreamState> streams_;                          // of this run
  std::unordered_map<std::uint32_t, StreamState> strangers_;  // subscribe_only: of any run
  std::unique_ptr<std::bitset<65'536>> open_;                 // QoS 2: between PUBREC and PUBREL
  std::uint32_t open_count_ = 0;
  std::uint32_t last_stream_ = 0;
  StreamState* last_state_ = nullptr;  // of last_stream_
  std::uint64_t corrupted_ = 0;
  std::uint64_t headless_ = 0;  // corrupted, and nobody knows of which stream
  std::uint64_t received_ = 0;
  std::int64_t first_ns_ = 0;
  std::int64_t last_ns_ = 0;
};

template <class SentOf>
Faults Subscriber::faults(SentOf&& sent_of) const {
  Faults sum;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const auto stream = static_cast<std::uint32_t>(i * spec_.modulus + spec_.remainder);
    sum.add(streams_[i].check.faults(sent_of(stream)));
  }
  for (const auto& [stream, state] : strangers_) sum.add(state.check.faults(state.next - state.first));
  // A message whose stamp was damaged is missing in its stream, but it did arrive.
  sum.lost -= headless_ < sum.lost ? headless_ : sum.lost;
  sum.corrupted += corrupted_;
  return sum;
}

}  // namespace tombo::bench::engine
