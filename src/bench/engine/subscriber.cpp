#include "bench/engine/subscriber.hpp"

#include <algorithm>
#include <cstring>

namespace tombo::bench::engine {
namespace {

/// subscribe_only: streams of other processes that are followed by one subscriber; more are counted, not checked.
constexpr std::size_t kStrangersMax = 4096;

}  // namespace

Subscriber::Subscriber(Context& context, const ClientSpec& spec) : context_(context), spec_(spec) {
  const Layout& layout = context.run.layout;
  if (layout.spread == Spread::any || layout.spread == Spread::nowhere) return;
  const std::uint32_t streams = layout.streams;
  const std::uint32_t count = streams > spec.remainder ? (streams - spec.remainder - 1) / spec.modulus + 1 : 0;
  streams_.assign(count, StreamState(layout.ordered));
}

void Subscriber::begin(bool session_present) {
  if (session_present || open_ == nullptr) return;
  open_->reset();
  open_count_ = 0;
}

bool Subscriber::on_publish(const mqtt::PublishView& publish, Link& link, std::int64_t now) {
  context_.lowest_qos = mqtt::lower_of(context_.lowest_qos, publish.qos);
  if (publish.qos != mqtt::Qos::at_most_once && !begin_handshake(publish, link)) return false;
  return deliver(publish, now);
}

/// False: QoS 2, and this identifier is already under way.  [MQTT-4.3.3-10]
bool Subscriber::begin_handshake(const mqtt::PublishView& publish, Link& link) {
  const mqtt::PacketId id = publish.packet_id;
  const bool once = publish.qos == mqtt::Qos::exactly_once;
  link.queue_ack(once ? 0x50 : 0x40, id);
  if (!once) return true;
  if (open_ == nullptr) open_ = std::make_unique<std::bitset<65'536>>();
  if ((*open_)[id]) return false;
  open_->set(id);
  ++open_count_;
  return true;
}

void Subscriber::on_pubrel(mqtt::PacketId id, Link& link) {
  if (open_ != nullptr && (*open_)[id]) {
    open_->reset(id);
    --open_count_;
    ++context_.progress;
  }
  link.queue_ack(0x70, id);
}

bool Subscriber::body_is_right(mqtt::Bytes payload) const {
  const Layout& layout = context_.run.layout;
  if (layout.publishers == 0 || !layout.tail.text.empty()) return true;
  const auto& tail = layout.tail.bytes;
  if (payload.size() != kStampBytes + tail.size()) return false;
  return tail.empty() || std::memcmp(payload.data() + kStampBytes, tail.data(), tail.size()) == 0;
}

bool Subscriber::deliver(const mqtt::PublishView& publish, std::int64_t now) {
  if (!context_.run.layout.checked) return deliver_unchecked(publish.payload, now);
  const std::optional<Stamp> stamp = read_stamp(publish.payload);
  if (!stamp) {
    ++corrupted_;
    ++headless_;
    ++context_.delivered;
    ++context_.tally.corrupted;
    ++context_.progress;
    return false;
  }
  StreamState* const state = state_of(stamp->stream);
  if (state == nullptr) return false;
  const bool right = body_is_right(publish.payload);
  if (!right) {
    // Which message it is can still be told, so it is not lost as well.
    ++corrupted_;
    ++context_.tally.corrupted;
  }
  count(*state, *stamp, stamp->stream - context_.run.layout.stream_base, publish.payload.size(), now);
  return right;
}

/// MQTTLoader's payload tells the time and nothing else.
bool Subscriber::deliver_unchecked(mqtt::Bytes payload, std::int64_t now) {
  const std::optional<std::int64_t> time_us = read_time(payload);
  if (!time_us) {
    ++corrupted_;
    return false;
  }
  ++context_.progress;
  note_arrival(payload.size(), now);
  note_latency(Stamp{*time_us, 0, 0});
  return true;
}

StreamState* Subscriber::state_of(std::uint32_t stamp_stream) {
  // Nearly always the same as before; that spares two divisions.
  if (last_state_ != nullptr && stamp_stream == last_stream_) return last_state_;
  const Layout& layout = context_.run.layout;
  if (layout.publishers == 0) return stranger(stamp_stream);
  const std::uint32_t stream = stamp_stream - layout.stream_base;
  if (stream >= layout.streams) {
    ++context_.tally.foreign;
    return nullptr;
  }
  last_stream_ = stamp_stream;
  if (layout.spread == Spread::any) return last_state_ = &context_.group[stream];
  if (!spec_.expects(stream)) {
    ++context_.tally.misrouted;
    return last_state_ = nullptr;
  }
  return last_state_ = &streams_[stream / spec_.modulus];
}

StreamState* Subscriber::stranger(std::uint32_t stamp_stream) {
  const auto found = strangers_.find(stamp_stream);
  if (found != strangers_.end()) return &found->second;
  if (strangers_.size() >= kStrangersMax) {
    ++context_.tally.foreign;
    return nullptr;
  }
  return &strangers_.emplace(stamp_stream, StreamState(true)).first->second;
}

void Subscriber::count(StreamState& state, const Stamp& stamp, std::uint32_t stream, std::size_t size,
                       std::int64_t now) {
  std::uint64_t sequence = stamp.sequence;
  const bool known = context_.run.layout.publishers != 0;
  if (!known) {
    // The publisher may have begun long before: count from the first message seen.
    if (state.check.received() == 0) state.first = state.next = sequence;
    if (sequence < state.first) return static_cast<void>(++context_.tally.foreign);
    sequence -= state.first;
  }
  ++context_.progress;
  if (state.check.arrived(sequence) == StreamCheck::Verdict::duplicate) return;
  note_arrival(size, now);
  if (known) {
    give_credit(state, sequence, stream);
  } else {
    state.next = std::max(state.next, stamp.sequence + 1);
  }
  note_latency(stamp);
}

void Subscriber::note_arrival(std::size_t size, std::int64_t now) {
  if (received_++ == 0) first_ns_ = now;
  last_ns_ = now;
  ++context_.delivered;
  // The figures are of answers; that requests arrive is part of the way.
  if (spec_.role == ClientSpec::Role::responder) return;
  ++context_.tally.received_in_all;
  ++context_.tally.now().received;
  context_.tally.now().bytes_received += size;
}

/// Streams that keep their order give credit by their position, so that a lost message does not take its credit with
/// it; others by the message.
void Subscriber::give_credit(StreamState& state, std::uint64_t sequence, std::uint32_t stream) {
  const Layout& layout = context_.run.layout;
  if (spec_.role == ClientSpec::Role::responder || stream >= layout.publishers) return;
  if (layout.spread == Spread::any || !layout.ordered) return context_.give_credit(stream, 1);
  if (sequence < state.next) return;
  context_.give_credit(stream, static_cast<std::uint32_t>(sequence + 1 - state.next));
  state.next = sequence + 1;
}

void Subscriber::note_latency(const Stamp& stamp) {
  const std::int64_t now_us = context_.read_us;
  const std::int64_t from_us =
      context_.subscribed_ns == 0 ? stamp.time_us : context_.run.wall.unix_us(context_.subscribed_ns);
  const std::int64_t latency_us = now_us - from_us;
  Interval& tally = context_.tally.now();
  (spec_.role == ClientSpec::Role::requester ? tally.round_trip : tally.latency).record(latency_us * 1000);
  if (context_.run.record != nullptr) context_.run.record->received(now_us, spec_.client_id, latency_us);
}

ClientResult Subscriber::result() const {
  ClientResult result;
  result.client_id = spec_.client_id;
  result.messages = received_;
  result.run_time_s = static_cast<double>(last_ns_ - first_ns_) / 1e9;
  return result;
}

}  // namespace tombo::bench::engine
