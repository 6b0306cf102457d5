#include "flow.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "flow_ends.hpp"

namespace tombo::bench {
namespace {

constexpr std::int64_t kTurnNs = 50'000'000;
/// Unfinished publisher handshakes, in windows.  Credit returns with the delivery, so without
/// a bound a broker that delivers first could collect acknowledgements it owes.
constexpr std::uint64_t kOpenHandshakeWindows = 4;

std::int64_t seconds_ns(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

}  // namespace

FlowPublisher::FlowPublisher(Flow& flow, std::uint32_t index, Link link)
    : flow_(flow), index_(index), connection_(flow.reactor_, *this, std::move(link)), copies_(flow.plan_.window) {
  const auto& plan = flow.plan_;
  for (const auto& draft : plan.drafts(index)) {
    starts_.push_back(reel_.size());
    const Stamp stamp{index, draft.receiver, 0};
    std::string payload(plan.payload_bytes, 'x');
    std::memcpy(payload.data(), &stamp, sizeof stamp);
    append_publish(reel_, draft.topic, payload, plan.qos, false, 1);
    sequence_at_.push_back(reel_.size() - payload.size() + offsetof(Stamp, sequence));
  }
  starts_.push_back(reel_.size());
}

std::uint32_t FlowPublisher::credit() const {
  const auto& plan = flow_.plan_;
  const auto undelivered = sent_ - completed_;
  if (undelivered >= plan.window) return 0;
  if (sent_ - acknowledged_ >= kOpenHandshakeWindows * plan.window) return 0;
  return static_cast<std::uint32_t>(plan.window - undelivered);
}

void FlowPublisher::on_turn_end(Connection& connection) {
  if (!flow_.closed_loop_) return;
  const auto& plan = flow_.plan_;
  for (auto room = credit(); room >= plan.threshold && !connection.blocked(); room = credit()) {
    publish(std::min(room, plan.chunk));
  }
}

void FlowPublisher::publish(std::uint32_t count) {
  const auto size = static_cast<std::uint32_t>(sequence_at_.size());
  while (count > 0) {
    const auto n = std::min(count, size - position_);
    write_slice(position_, n);
    position_ = (position_ + n) % size;
    count -= n;
  }
}

void FlowPublisher::write_slice(std::uint32_t first, std::uint32_t count) {
  for (auto i = first; i < first + count; ++i) {
    std::memcpy(&reel_[sequence_at_[i]], &sent_, sizeof sent_);
    if (flow_.plan_.qos != 0) {
      const auto id = sent_ % 65535 + 1;
      char* at = &reel_[sequence_at_[i] - offsetof(Stamp, sequence) - 2];
      at[0] = static_cast<char>(id >> 8);
      at[1] = static_cast<char>(id);
    } else {
      ++acknowledged_;
    }
    ++sent_;
  }
  connection_.send_or_queue(
      std::string_view(reel_).substr(starts_[first], starts_[first + count] - starts_[first]));
}

void FlowPublisher::on_delivered(std::uint64_t sequence) {
  if (sequence >= sent_) throw std::runtime_error("a message arrived that was never sent");
  ++deliveries_;
  sequence_sum_ += sequence;
  if (flow_.plan_.spread == Spread::all) {
    auto& copies = copies_[sequence % copies_.size()];
    if (++copies < flow_.plan_.subscribers) return;
    copies = 0;
  }
  ++completed_;
  if (flow_.closed_loop_ && credit() >= flow_.plan_.threshold) connection_.wake();
}

void FlowPublisher::on_packet(Connection& connection, const PacketView& packet) {
  switch (packet.type) {
    case PacketType::puback:
    case PacketType::pubcomp:
      expect_id(acknowledged_, packet, "final acknowledgement");
      ++flow_.handshakes_;
      if (flow_.closed_loop_) connection.wake();
      return;
    case PacketType::pubrec:
      expect_id(received_, packet, "PUBREC");
      append_ack(connection.out(), PacketType::pubrel, parse_packet_id(packet));
      connection.wake();
      return;
    default:
      throw std::runtime_error("a publisher got an unexpected packet");
  }
}

// Acknowledgements keep the order of the PUBLISH packets [MQTT-4.6.0-2].
void FlowPublisher::expect_id(std::uint64_t& counter, const PacketView& packet, const char* what) {
  const auto id = parse_packet_id(packet);
  if (counter >= sent_ || id != counter % 65535 + 1) {
    throw std::runtime_error(
        fmt::format("publisher {}: {} for id {}, expected {}", index_, what, id, counter % 65535 + 1));
  }
  ++counter;
}

void FlowPublisher::check_sums() const {
  const std::uint64_t copies = flow_.plan_.spread == Spread::all ? flow_.plan_.subscribers : 1;
  const auto expected_sum = sent_ == 0 ? 0 : sent_ * (sent_ - 1) / 2 * copies;
  if (deliveries_ != sent_ * copies || sequence_sum_ != expected_sum) {
    throw std::runtime_error(fmt::format("publisher {}: {} sent x {}, {} delivered: lost or doubled", index_,
                                         sent_, copies, deliveries_));
  }
}

FlowSubscriber::FlowSubscriber(Flow& flow, std::uint32_t index, Link link)
    : flow_(flow), index_(index), next_(flow.plan_.publishers), connection_(flow.reactor_, *this, std::move(link)) {}

void FlowSubscriber::on_packet(Connection& connection, const PacketView& packet) {
  if (packet.type == PacketType::publish) return on_publish(connection, packet);
  if (packet.type != PacketType::pubrel) {
    throw std::runtime_error("a subscriber got an unexpected packet");
  }
  const auto id = parse_packet_id(packet);
  if (!open_[id]) throw std::runtime_error("PUBREL for an identifier that was not received");
  open_.reset(id);
  --open_ids_;
  append_ack(connection.out(), PacketType::pubcomp, id);
  connection.wake();
  ++flow_.handshakes_;
}

void FlowSubscriber::on_publish(Connection& connection, const PacketView& packet) {
  const auto message = parse_publish(packet);
  if (message.qos != flow_.plan_.qos || message.dup || message.retain ||
      message.payload.size() != flow_.plan_.payload_bytes) {
    throw std::runtime_error("a message arrived with other flags or another size than sent");
  }
  Stamp stamp{};
  std::memcpy(&stamp, message.payload.data(), sizeof stamp);
  check_order(stamp);
  ++flow_.delivered_;
  flow_.publishers_[stamp.publisher]->on_delivered(stamp.sequence);
  if (flow_.delays_ns_ != nullptr) note_delay(stamp);
  if (message.qos == 0) return;
  if (message.qos == 2) {
    if (open_[message.packet_id]) throw std::runtime_error("a packet identifier was used twice");
    open_.set(message.packet_id);
    ++open_ids_;
  }
  append_ack(connection.out(), message.qos == 1 ? PacketType::puback : PacketType::pubrec, message.packet_id);
  connection.wake();
}

void FlowSubscriber::check_order(const Stamp& stamp) {
  if (stamp.publisher >= next_.size()) throw std::runtime_error("a payload was damaged");
  const bool strict = flow_.plan_.spread == Spread::one || flow_.plan_.spread == Spread::all;
  auto& next = next_[stamp.publisher];
  if (strict ? stamp.sequence != next : stamp.sequence < next) {
    throw std::runtime_error(fmt::format("subscriber {}: publisher {} message {} where {} was due", index_,
                                         stamp.publisher, stamp.sequence, next));
  }
  if (flow_.plan_.spread == Spread::marked && stamp.receiver != index_) {
    throw std::runtime_error("a message reached a subscriber without a matching filter");
  }
  next = stamp.sequence + 1;
}

void FlowSubscriber::note_delay(const Stamp& stamp) {
  // Publishers take turns, so the schedule gives back when the message was due.
  const auto slot = stamp.sequence * flow_.plan_.publishers + stamp.publisher;
  const auto due =
      flow_.pace_start_ns_ + static_cast<std::int64_t>(static_cast<double>(slot) * flow_.pace_step_ns_);
  flow_.delays_ns_->push_back(
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(now_ns() - due, 0, UINT32_MAX)));
}

Flow::Flow(const Target& target, FlowPlan plan) : plan_(std::move(plan)) {
  const Target subscriber_target{static_cast<std::uint16_t>(target.port + (target.relay ? 1 : 0)),
                                 target.relay, target.way};
  for (std::uint32_t i = 0; i < plan_.subscribers; ++i) {
    auto link = open_session(subscriber_target, fmt::format("sub-{}", i));
    if (!target.relay) {
      const auto filters = plan_.filters(i);
      // Batches keep a SUBSCRIBE of a thousand filters below every packet limit.
      for (std::size_t at = 0; at < filters.size(); at += 100) {
        const auto end = std::min(filters.size(), at + 100);
        subscribe(link,
                  {filters.begin() + static_cast<std::ptrdiff_t>(at),
                   filters.begin() + static_cast<std::ptrdiff_t>(end)},
                  plan_.qos);
      }
    }
    subscribers_.push_back(std::make_unique<FlowSubscriber>(*this, i, std::move(link)));
  }
  for (std::uint32_t i = 0; i < plan_.publishers; ++i) {
    auto link = open_session(target, fmt::format("pub-{}", i));
    publishers_.push_back(std::make_unique<FlowPublisher>(*this, i, std::move(link)));
  }
  last_progress_ns_ = now_ns();
}

Flow::~Flow() = default;

void Flow::turn(std::int64_t timeout_ns) {
  reactor_.turn(timeout_ns);
  const auto progress = delivered_ + handshakes_;
  const auto now = now_ns();
  if (progress != last_progress_) {
    last_progress_ = progress;
    last_progress_ns_ = now;
  } else if (now - last_progress_ns_ > kStallNs) {
    throw std::runtime_error("stalled: nothing was delivered for 10 s");
  }
}

Flow::Mark Flow::mark(const ProcessMeter& meter) const {
  return {now_ns(), meter.cpu_ns(), own_cpu_ns(), delivered_};
}

FlowFigures Flow::between(const Mark& from, const Mark& to) {
  const auto messages = static_cast<double>(to.delivered - from.delivered);
  if (messages == 0) throw std::runtime_error("nothing was delivered while measuring");
  FlowFigures figures;
  figures.seconds = static_cast<double>(to.time_ns - from.time_ns) / 1e9;
  figures.broker_cpu_us = static_cast<double>(to.broker_ns - from.broker_ns) / 1e3 / messages;
  figures.generator_cpu_us = static_cast<double>(to.own_ns - from.own_ns) / 1e3 / messages;
  figures.rate = messages / figures.seconds;
  return figures;
}

FlowFigures Flow::measure(const ProcessMeter& meter, double warm_up_s, double seconds) {
  closed_loop_ = true;
  for (auto& publisher : publishers_) publisher->start();
  const auto warm = now_ns() + seconds_ns(warm_up_s);
  while (now_ns() < warm) turn(kTurnNs);
  const auto from = mark(meter);
  const auto end = from.time_ns + seconds_ns(seconds);
  while (now_ns() < end) turn(kTurnNs);
  const auto to = mark(meter);
  closed_loop_ = false;
  return between(from, to);
}

FlowFigures Flow::pace(const ProcessMeter& meter, double warm_up_s, double seconds, double per_second,
                       std::vector<std::uint32_t>& delays_ns) {
  pace_step_ns_ = 1e9 / per_second;
  pace_start_ns_ = now_ns() + 1'000'000;
  const auto warm = pace_start_ns_ + seconds_ns(warm_up_s);
  const auto end = warm + seconds_ns(seconds);
  std::uint64_t slot = 0;
  Mark from{};
  for (auto now = now_ns(); now < end; now = now_ns()) {
    if (delays_ns_ == nullptr && now >= warm) {
      from = mark(meter);
      delays_ns_ = &delays_ns;
    }
    auto due = pace_start_ns_ + static_cast<std::int64_t>(static_cast<double>(slot) * pace_step_ns_);
    if (due <= now) {
      publishers_[slot % plan_.publishers]->publish(1);
      ++slot;
      due = pace_start_ns_ + static_cast<std::int64_t>(static_cast<double>(slot) * pace_step_ns_);
    }
    turn(std::min(due - now_ns(), kTurnNs));
  }
  if (delays_ns_ == nullptr) throw std::runtime_error("the measuring window never opened");
  const auto figures = between(from, mark(meter));
  delays_ns_ = nullptr;
  return figures;
}

bool Flow::settled() const {
  return std::ranges::all_of(publishers_, [](const auto& p) { return p->settled(); }) &&
         std::ranges::all_of(subscribers_, [](const auto& s) { return s->settled(); });
}

void Flow::finish() {
  closed_loop_ = false;
  while (!settled()) turn(kTurnNs);
  // What a broker sends twice comes late: give it a moment to do so.
  const auto end = now_ns() + kTurnNs;
  while (now_ns() < end) turn(kTurnNs / 5);
  for (const auto& publisher : publishers_) publisher->check_sums();
}

}  // namespace tombo::bench
