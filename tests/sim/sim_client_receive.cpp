#include "mqtt/cursor.hpp"
#include "sim/sim_client.hpp"

#include <algorithm>

namespace tombo::sim {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::Version;

// What a client does with what it receives.

namespace {

constexpr mqtt::DecodeLimits kDecodeLimits{100'000, 255};

template <class Good>
void must_decode(const Good& good, const char* what) {
  if (!good) throw Violation(fmt::format("the broker sent a {} that does not decode", what));
}

}  // namespace

void SimClient::read(std::int64_t clock_ms) {
  if (link_ == nullptr) return;
  const auto fresh = link_->receive();
  partial_.insert(partial_.end(), fresh.begin(), fresh.end());
  std::size_t done = 0;
  while (true) {
    const auto result = mqtt::next_frame(mqtt::Bytes(partial_).subspan(done), mqtt::kRemainingLengthMax);
    if (result.status == mqtt::FrameStatus::refused) throw Violation("the broker sent what is no packet");
    if (result.status == mqtt::FrameStatus::incomplete) break;
    on_packet(result.frame, clock_ms);
    done += result.frame.size;
  }
  partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(done));
  if (!link_->dead_for_client()) return;
  trace_.line("client {} notices that connection {} is over", character_.number, connection_);
  if (state_ == State::connecting) given_up_ = link_;
  lost(clock_ms);
}

void SimClient::on_packet(const mqtt::Frame& frame, std::int64_t clock_ms) {
  const bool first = state_ == State::connecting;
  if (first && frame.type != PacketType::connack) throw Violation("the broker's first packet is no CONNACK");
  switch (frame.type) {
    case PacketType::connack:
      return on_connack(frame);
    case PacketType::publish:
      return on_publish(frame, clock_ms);
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
      return on_ack(frame);
    case PacketType::suback:
    case PacketType::unsuback:
      return on_suback(frame);
    case PacketType::pingresp:
      return;
    case PacketType::disconnect: {
      mqtt::DisconnectView view;
      must_decode(mqtt::decode_disconnect(frame, character_.version, kDecodeLimits, view, mqtt::Sender::server),
                  "DISCONNECT");
      trace_.line("client {} is sent away: 0x{:02x}", character_.number, static_cast<int>(view.reason));
      // The network may be slow, and the clock leaps; beyond that nobody here does anything wrong.
      if (view.reason == mqtt::ReasonCode::session_taken_over || view.reason == mqtt::ReasonCode::keep_alive_timeout)
        return;
      throw Violation(
          fmt::format("client {} was sent away: 0x{:02x}", character_.number, static_cast<int>(view.reason)));
    }
    default:
      throw Violation("the broker sent a packet that only clients send");
  }
}

void SimClient::on_connack(const mqtt::Frame& frame) {
  mqtt::ConnackView view;
  must_decode(mqtt::decode_connack(frame, character_.version, kDecodeLimits, view), "CONNACK");
  if (state_ != State::connecting) throw Violation("a second CONNACK");
  if (view.code != 0) throw Violation(fmt::format("client {} was refused: {}", character_.number, view.code));
  trace_.line("client {} is connected, present={}", character_.number, view.session_present);
  model_.on_connack(connection_, view.session_present);
  state_ = State::online;
  must_start_clean_ = false;
  acked_expiry_s_ = expiry_least_s_ = model_.connection(connection_).expiry_s;
  if (!view.session_present && character_.version != Version::v3_1) forget_session();
  alias_max_ =
      view.properties.has(PropertyId::topic_alias_maximum) ? view.properties.topic_alias_maximum : std::uint16_t{0};
  send_quota_ = std::min<std::uint16_t>(8, view.properties.receive_maximum);
  repeat();
}

/// The topic, which an alias may stand for.
std::string_view SimClient::resolve(const mqtt::PublishView& publish) {
  if (!publish.properties.has(PropertyId::topic_alias)) return publish.topic;
  const std::uint16_t alias = publish.properties.topic_alias;
  if (alias > character_.topic_alias_maximum) throw Violation(fmt::format("alias {} is too high", alias));
  auto& topic = in_aliases_[alias];
  if (!publish.topic.empty()) topic = publish.topic;
  if (topic.empty()) throw Violation(fmt::format("alias {} was never given a topic", alias));
  return topic;
}

void SimClient::on_publish(const mqtt::Frame& frame, std::int64_t clock_ms) {
  mqtt::PublishView view;
  must_decode(mqtt::decode_publish(frame, character_.version, kDecodeLimits, view, mqtt::Sender::server), "PUBLISH");
  Reception reception;
  reception.topic = resolve(view);
  reception.payload = mqtt::text_of(view.payload);
  reception.qos = view.qos;
  reception.retain = view.retain;
  reception.dup = view.dup;
  reception.packet_size = frame.size;
  if (view.properties.has(PropertyId::message_expiry_interval))
    reception.expiry_s = view.properties.message_expiry_interval;
  mqtt::for_each_property(view.properties.raw, [&](PropertyId id, mqtt::Bytes, mqtt::Bytes value) {
    if (id == PropertyId::subscription_identifier) reception.subscription_ids.push_back(mqtt::Cursor(value).varint());
  });
  if (view.qos == Qos::exactly_once) reception.fresh = receiving_.insert(view.packet_id).second;
  model_.on_publish(connection_, reception, clock_ms);
  if (view.qos == Qos::at_most_once) return;
  unacknowledged_.insert(view.packet_id);
  if (unacknowledged_.size() > character_.receive_maximum) {
    throw Violation(fmt::format("client {} has {} unacknowledged messages, more than it takes", character_.number,
                                unacknowledged_.size()));
  }
  acks_.push_back({view.qos == Qos::at_least_once ? PacketType::puback : PacketType::pubrec, view.packet_id});
}

void SimClient::on_ack(const mqtt::Frame& frame) {
  mqtt::AckView view;
  must_decode(mqtt::decode_ack(frame, character_.version, kDecodeLimits, view, mqtt::Sender::server),
              "acknowledgement");
  const mqtt::PacketId id = view.packet_id;
  trace_.line("client {} got {} {} reason=0x{:02x}", character_.number, mqtt::name_of(frame.type), id,
              static_cast<int>(view.reason));
  if (frame.type == PacketType::pubrel) {
    receiving_.erase(id);
    acks_.push_back({PacketType::pubcomp, id});
    return;
  }
  const auto found = std::find_if(outgoing_.begin(), outgoing_.end(), [id](const Outgoing& o) { return o.id == id; });
  if (found == outgoing_.end()) throw Violation(fmt::format("an acknowledgement of {}, which is in no use", id));
  const Qos qos = model_.message(found->message).qos;
  if ((frame.type == PacketType::puback) != (qos == Qos::at_least_once)) throw Violation("the wrong acknowledgement");
  // A PUBCOMP may say that the broker does not know the exchange: then the first PUBCOMP was lost.
  if (mqtt::is_error(view.reason) && frame.type != PacketType::pubcomp) {
    const bool expected = model_.message(found->message).denied || plan_.lossy;
    if (!expected)
      throw Violation(fmt::format("message {} was refused: 0x{:02x}", found->message, static_cast<int>(view.reason)));
    model_.on_refused(found->message);
    outgoing_.erase(found);
    return;
  }
  if (frame.type != PacketType::pubcomp) model_.on_acked(found->message);
  if (frame.type != PacketType::pubrec) {
    outgoing_.erase(found);
    return;
  }
  found->released = true;
  send_ack(PacketType::pubrel, id);
}

void SimClient::on_suback(const mqtt::Frame& frame) {
  mqtt::SubackView view;
  const bool sub = frame.type == PacketType::suback;
  must_decode(sub ? mqtt::decode_suback(frame, character_.version, kDecodeLimits, view)
                  : mqtt::decode_unsuback(frame, character_.version, kDecodeLimits, view),
              "SUBACK or UNSUBACK");
  if (!sub) {
    const auto removal = unsubscribing_.find(view.packet_id);
    if (removal == unsubscribing_.end()) throw Violation("UNSUBACK for nothing");
    model_.on_unsubscribed(removal->second);
    unsubscribing_.erase(removal);
    return;
  }
  const auto asked = asked_.find(view.packet_id);
  if (asked == asked_.end() || view.codes.size() != asked->second.size()) throw Violation("SUBACK for something else");
  for (std::size_t i = 0; i < view.codes.size(); ++i) {
    const Subscription& subscription = model_.subscription(asked->second[i]);
    const bool denied = plan_.late_verdicts && is_denied(subscription.filter) && character_.version != Version::v3_1;
    const auto granted = static_cast<std::uint8_t>(subscription.options.qos);
    if (denied ? view.codes[i] < 0x80 : view.codes[i] != granted) {
      throw Violation(fmt::format("SUBACK says 0x{:02x} for {}", view.codes[i], subscription.filter));
    }
    if (!denied) model_.on_subscribed(asked->second[i]);
  }
  asked_.erase(asked);
}

std::string SimClient::waits_for() const {
  if (state_ != State::online) return fmt::format("client {} is not connected", character_.number);
  if (!outgoing_.empty()) {
    return fmt::format("client {} waits for the acknowledgement of message {}", character_.number,
                       outgoing_.front().message);
  }
  if (!asked_.empty() || !unsubscribing_.empty())
    return fmt::format("client {} waits for SUBACK or UNSUBACK", character_.number);
  // Nobody tells a 3.1 client that its session has ended, so it may wait for an old PUBREL for ever.
  const bool unreleased = !receiving_.empty() && character_.version != Version::v3_1;
  if (!acks_.empty() || unreleased) return fmt::format("client {} waits for PUBREL", character_.number);
  return {};
}

}  // namespace tombo::sim
