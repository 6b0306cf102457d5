#include "bench/engine/publisher.hpp"

#include "bench/engine/text_template.hpp"
#include "mqtt/encode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace tombo::bench::engine {
namespace {

/// Unfinished handshakes, in windows: credit returns with the delivery, so without a bound a broker that delivers
/// first could collect acknowledgements that it owes.
constexpr std::uint64_t kHandshakeWindows = 4;
/// Batches of one publisher in one turn, so that the others have theirs.
constexpr int kBatchesPerTurn = 4;
constexpr std::size_t kBatchBytes = 64 * 1024;
/// What a letter of a template may become.
constexpr std::size_t kNumberTextMax = 20;
constexpr std::size_t kCorrelationBytes = 8;
constexpr std::int64_t kBehindNs = kMillisecondNs;

std::size_t text_bound(std::string_view text, const ClientSpec& spec) {
  const std::size_t letter = std::max({kNumberTextMax, spec.client_id.size(), spec.user_name.size()});
  return text.size() + static_cast<std::size_t>(std::ranges::count(text, '%')) * letter;
}

}  // namespace

void Durations::add(double ms) {
  min_ms = count == 0 ? ms : std::min(min_ms, ms);
  max_ms = std::max(max_ms, ms);
  ++count;
  sum_ms += ms;
  squares_ms += ms * ms;
}

double Durations::deviation() const {
  if (count == 0) return 0;
  return std::sqrt(std::max(0.0, squares_ms / static_cast<double>(count) - mean() * mean()));
}

Publisher::Publisher(Context& context, const ClientSpec& spec)
    : context_(context), spec_(spec), qos_(context.run.plan.publish_qos) {
  const Plan& plan = context.run.plan;
  messages_ = context.run.layout.messages_of(plan, spec.index);
  if (spec.role == ClientSpec::Role::requester && plan.target.version == mqtt::Version::v5) {
    mqtt::PropertyWriter writer;
    writer.text(mqtt::PropertyId::response_topic, spec.filters.front());
    const std::uint8_t zeros[kCorrelationBytes] = {};
    writer.binary(mqtt::PropertyId::correlation_data, zeros);
    properties_.assign(writer.bytes().begin(), writer.bytes().end());
    correlation_at_ = properties_.size() - kCorrelationBytes;
  }
  packet_bound_ = packet_bound();
  const std::size_t room = std::max<std::size_t>(kBatchBytes, packet_bound_);
  if (context.write_room.size() < room) context.write_room.resize(room);
  batch_max_ = room / packet_bound_;
  make_form();
}

std::size_t Publisher::packet_bound() const {
  const Layout& layout = context_.run.layout;
  std::size_t topic = text_bound(layout.topic, spec_) + 64;  // 64: the sensor's part of a retained topic
  for (const std::string& text : spec_.topics) topic = std::max(topic, text.size());
  const std::size_t tail = layout.tail.text.empty() ? layout.tail.bytes.size() : text_bound(layout.tail.text, spec_);
  return mqtt::kFixedHeaderMax + 2 + topic + 2 + 4 + properties_.size() + layout.mark_bytes + tail;
}

std::optional<RunError> Publisher::begin(const ServerLimits& limits, Link& link) {
  const Plan& plan = context_.run.plan;
  if (qos_ > limits.maximum_qos) {
    return RunError{ExitCode::refused,
                    fmt::format("the broker allows QoS {} at most", static_cast<int>(limits.maximum_qos))};
  }
  if (plan.retain && !limits.retain_available)
    return RunError{ExitCode::refused, "the broker does not retain messages"};
  const std::size_t size = write(context_.write_room.data(), sent_, 0, 1, false) - context_.write_room.data();
  if (size > limits.packet_max) {
    return RunError{ExitCode::refused, fmt::format("a message is a packet of {} bytes, and the broker takes {} at most",
                                                   size, limits.packet_max)};
  }
  std::uint64_t most = limits.receive_maximum;
  if (!context_.run.layout.open_loop) {
    const bool counted_by_acks = context_.run.layout.copies == 0;
    most = std::min<std::uint64_t>(most, plan.pace.window * (counted_by_acks ? 1 : kHandshakeWindows));
  }
  in_flight_.limit(static_cast<std::uint32_t>(most));
  resend(link, limits.session_present);
  return std::nullopt;
}

/// [MQTT-4.4.0-1]: what was not acknowledged goes out again.  Where the server has forgotten the session, QoS 1 does so
/// as new; of QoS 2 nobody can say whether it was taken, and once means not again.
void Publisher::resend(Link& link, bool session_present) {
  if (!session_present && qos_ == mqtt::Qos::exactly_once) return in_flight_.clear();
  in_flight_.for_each([&](mqtt::PacketId id, const InFlight::Entry& entry) {
    std::uint8_t* const begin = context_.write_room.data();
    if (entry.stage == InFlight::Entry::Stage::released) {
      return link.queue_ack(0x62, id);
    }
    const std::uint8_t* const end = write(begin, entry.sequence, entry.stamp_us, id, session_present);
    link.queue({begin, static_cast<std::size_t>(end - begin)});
  });
}

void Publisher::schedule(std::int64_t first_due_ns, double step_ns) {
  first_due_ns_ = first_due_ns;
  step_ns_ = step_ns;
}

std::int64_t Publisher::due_ns(std::uint64_t sequence) const {
  return first_due_ns_ + static_cast<std::int64_t>(static_cast<double>(sequence) * step_ns_);
}

void Publisher::forgive() {
  const std::uint64_t back = credit();
  const std::uint64_t window = context_.run.plan.pace.window;
  if (back >= window) return;
  forgiven_ += window - back;
  ++context_.tally.credit_releases;
}

/// Closed loop: how many messages may still go before something has come back.
std::uint64_t Publisher::credit() const {
  const Plan& plan = context_.run.plan;
  const std::uint64_t copies = context_.run.layout.copies;
  if (copies == 0 || plan.topology == Topology::retained) {
    return qos_ == mqtt::Qos::at_most_once ? batch_max_ : in_flight_.room();
  }
  const std::uint64_t completed = context_.run.credit.deliveries(spec_.index) / copies + forgiven_;
  const std::uint64_t under_way = sent_ > completed ? sent_ - completed : 0;
  return under_way < plan.pace.window ? plan.pace.window - under_way : 0;
}

std::uint64_t Publisher::allowance() const {
  const Plan& plan = context_.run.plan;
  const bool open_loop = context_.run.layout.open_loop;
  const std::uint64_t left = messages_ == 0 ? UINT64_MAX : messages_ - std::min(sent_, messages_);
  std::uint64_t count = std::min(left, open_loop ? released_ - std::min(sent_, released_) : credit());
  std::uint64_t threshold = std::min<std::uint64_t>({plan.pace.batch, plan.pace.window, left});
  if (qos_ != mqtt::Qos::at_most_once) {
    const std::uint64_t room = in_flight_.room();
    threshold = std::min<std::uint64_t>(threshold, room + in_flight_.count());
    count = std::min(count, room);
  }
  if (!open_loop && count < threshold) return 0;
  return std::min(count, batch_max_);
}

bool Publisher::pump(Link& link) {
  eager_ = false;
  for (int batches = 0; context_.sending && !link.blocked(); ++batches) {
    const std::uint64_t count = allowance();
    if (count == 0) break;
    if (batches == kBatchesPerTurn) {
      eager_ = true;
      break;
    }
    const std::int64_t now = now_ns();
    if (now >= context_.calendar.traffic_to_ns) break;
    if (!send_batch(link, count, now)) return false;
  }
  return true;
}

bool Publisher::send_batch(Link& link, std::uint64_t count, std::int64_t now) {
  std::uint8_t* const begin = context_.write_room.data();
  std::uint8_t* out = begin;
  const bool open_loop = context_.run.layout.open_loop;
  std::int64_t stamp_us = context_.run.wall.unix_us(now);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t sequence = sent_ + i;
    if (open_loop) {
      const std::int64_t due = due_ns(sequence);
      stamp_us = context_.run.wall.unix_us(due);
      if (now - due > kBehindNs) ++context_.tally.now().behind_schedule;
    }
    const mqtt::PacketId id =
        qos_ == mqtt::Qos::at_most_once ? mqtt::PacketId{0} : in_flight_.add(sequence, stamp_us, now);
    out = write(out, sequence, stamp_us, id, false);
  }
  note_sent(count, now);
  return link.send({begin, static_cast<std::size_t>(out - begin)});
}

void Publisher::note_sent(std::uint64_t count, std::int64_t now) {
  if (sent_ == 0) first_ns_ = now;
  sent_ += count;
  context_.tally.sent_in_all += count;
  context_.tally.now().sent += count;
  if (qos_ != mqtt::Qos::at_most_once) return;
  last_ns_ = now;
  acknowledged_ += count;
  context_.tally.now().acknowledged += count;
  if (context_.run.record == nullptr) return;
  for (std::uint64_t i = 0; i < count; ++i) context_.run.record->sent(context_.run.wall.unix_us(now), spec_.client_id);
}

std::string_view Publisher::topic_for(std::uint64_t sequence) {
  if (!spec_.topics.empty()) return spec_.topics[spec_.topics.size() == 1 ? 0 : sequence % spec_.topics.size()];
  const Layout& layout = context_.run.layout;
  const bool retained = context_.run.plan.topology == Topology::retained;
  const std::uint64_t number = retained ? spec_.index + sequence * layout.publishers : sequence;
  topic_.clear();
  expand_into(topic_, layout.topic,
              {.number = spec_.number,
               .user_name = spec_.user_name,
               .client_id = spec_.client_id,
               .run_word = layout.run_word,
               .sequence = number,
               .time_us = 0});
  if (retained && !differs_by_message(layout.topic)) {
    const std::uint64_t device = number / 4;
    topic_ += fmt::format("/site/{:02}/dev/{:06}/sensor/{}", device % 100, device, number % 4);
  }
  return topic_;
}

mqtt::Bytes Publisher::tail_for(std::uint64_t sequence, std::int64_t stamp_us) {
  const Layout& layout = context_.run.layout;
  if (layout.tail.text.empty()) return layout.tail.bytes;
  text_.clear();
  expand_into(text_, layout.tail.text,
              {.number = spec_.number,
               .user_name = spec_.user_name,
               .client_id = spec_.client_id,
               .run_word = layout.run_word,
               .sequence = sequence,
               .time_us = stamp_us});
  return mqtt::bytes_of(text_);
}

Stamp Publisher::stamp_for(std::uint64_t sequence, std::int64_t stamp_us) const {
  const Layout& layout = context_.run.layout;
  if (context_.run.plan.topology != Topology::retained) return {stamp_us, layout.stream_base + spec_.index, sequence};
  const std::uint64_t number = spec_.index + sequence * layout.publishers;
  return {stamp_us, layout.stream_base + static_cast<std::uint32_t>(number / kRetainedPerStream),
          number % kRetainedPerStream};
}

/// Where messages differ in nothing but identifier and stamp, the packet is copied from a form: cheaper than keeping a
/// prepared packet for each message of a window of each publisher, which would fall out of the cache.
std::uint8_t* Publisher::write(std::uint8_t* out, std::uint64_t sequence, std::int64_t stamp_us, mqtt::PacketId id,
                               bool dup) {
  const Layout& layout = context_.run.layout;
  std::uint8_t* end = nullptr;
  std::size_t payload = 0;
  if (form_.empty()) {
    const mqtt::Bytes tail = tail_for(sequence, stamp_us);
    payload = layout.mark_bytes + tail.size();
    end = write_around_mark(out, sequence, id, topic_for(sequence), tail);
  } else {
    std::memcpy(out, form_.data(), form_.size());
    end = out + form_.size();
    payload = form_payload_;
    if (qos_ != mqtt::Qos::at_most_once) {
      out[form_id_at_] = static_cast<std::uint8_t>(id >> 8);
      out[form_id_at_ + 1] = static_cast<std::uint8_t>(id);
    }
  }
  if (dup) out[0] |= 0x08;
  if (layout.checked) {
    write_stamp({end - payload, payload}, stamp_for(sequence, stamp_us));
  } else {
    write_time({end - payload, payload}, stamp_us);
  }
  return end;
}

/// The whole packet, but for what the tool puts at the front of its payload.
std::uint8_t* Publisher::write_around_mark(std::uint8_t* out, std::uint64_t sequence, mqtt::PacketId id,
                                           std::string_view topic, mqtt::Bytes tail) {
  const Plan& plan = context_.run.plan;
  const bool v5 = plan.target.version == mqtt::Version::v5;
  const bool has_id = qos_ != mqtt::Qos::at_most_once;
  const bool retain = plan.retain || plan.topology == Topology::retained;
  const std::size_t payload = context_.run.layout.mark_bytes + tail.size();
  const std::size_t remaining =
      2 + topic.size() + (has_id ? 2U : 0U) + (v5 ? mqtt::section_size(properties_.size()) : 0U) + payload;
  mqtt::RawWriter writer(out);
  writer.head(mqtt::PacketType::publish, static_cast<unsigned>(qos_) << 1 | (retain ? 1U : 0U), remaining);
  writer.text(topic);
  if (has_id) writer.u16(id);
  if (v5) {
    if (!properties_.empty()) std::memcpy(properties_.data() + correlation_at_, &sequence, kCorrelationBytes);
    writer.varint(properties_.size());
    writer.bytes(properties_);
  }
  std::uint8_t* const end = out + mqtt::packet_size(remaining);
  if (!tail.empty()) std::memcpy(end - tail.size(), tail.data(), tail.size());
  return end;
}

void Publisher::make_form() {
  const Layout& layout = context_.run.layout;
  if (spec_.topics.size() != 1 || !layout.tail.text.empty() || !properties_.empty()) return;
  std::vector<std::uint8_t> form(packet_bound_);
  const std::uint8_t* const end = write_around_mark(form.data(), 0, 1, spec_.topics.front(), layout.tail.bytes);
  form.resize(static_cast<std::size_t>(end - form.data()));
  form.shrink_to_fit();
  form_payload_ = layout.mark_bytes + layout.tail.bytes.size();
  const std::size_t after_id = context_.run.plan.target.version == mqtt::Version::v5 ? 1 : 0;
  form_id_at_ = form.size() - form_payload_ - after_id - 2;
  form_ = std::move(form);
}

void Publisher::on_ack(mqtt::PacketType type, const mqtt::AckView& ack, Link& link, std::int64_t now) {
  InFlight::Entry* const entry = in_flight_.find(ack.packet_id);
  if (entry == nullptr) {
    ++context_.tally.now().errors;
    return;
  }
  if (ack.reason == mqtt::ReasonCode::no_matching_subscribers) ++context_.tally.now().no_subscribers;
  if (mqtt::is_error(ack.reason)) {
    ++refused_;
    ++context_.tally.now().refused;
    // Nobody needs to wait for it.
    context_.delivered += context_.run.layout.copies;
    return finish(*entry, now, false);
  }
  if (type != mqtt::PacketType::pubrec) return finish(*entry, now, true);
  entry->stage = InFlight::Entry::Stage::released;
  link.queue_ack(0x62, ack.packet_id);
}

void Publisher::finish(InFlight::Entry& entry, std::int64_t now, bool accepted) {
  const std::int64_t took = now - entry.sent_ns;
  in_flight_.remove(entry);
  ++context_.progress;
  last_ns_ = now;
  if (!accepted) return;
  ++acknowledged_;
  ++context_.tally.now().acknowledged;
  context_.tally.now().acknowledge.record(took);
  ack_times_.add(static_cast<double>(took) / 1e6);
  if (context_.run.record != nullptr) context_.run.record->sent(context_.run.wall.unix_us(now), spec_.client_id);
}

ClientResult Publisher::result() const {
  ClientResult result;
  result.client_id = spec_.client_id;
  result.publisher = true;
  result.messages = acknowledged_;
  result.failures = refused_ + (sent_ - std::min(sent_, acknowledged_ + refused_));
  result.run_time_s = static_cast<double>(last_ns_ - first_ns_) / 1e9;
  result.ack_ms_min = ack_times_.min_ms;
  result.ack_ms_max = ack_times_.max_ms;
  result.ack_ms_mean = ack_times_.mean();
  result.ack_ms_deviation = ack_times_.deviation();
  return result;
}

}  // namespace tombo::bench::engine
