#include "bench/engine/client.hpp"

#include "mqtt/decode.hpp"
#include "mqtt/encode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

// What a client does with the packets that it receives, and how it subscribes.
namespace tombo::bench::engine {
namespace {

constexpr mqtt::DecodeLimits kLimits{.properties_max = 1024, .topic_levels_max = mqtt::kRemainingLengthMax};
/// A packet larger than this ends the connection: the bound of what a broker can make us keep.
constexpr std::size_t kPacketMax = 80U << 20;
/// Below every broker's limit on a packet.
constexpr std::size_t kFiltersPerPacket = 100;
constexpr std::size_t kSubscribesUnderWay = 8;

std::string_view return_code_text(std::uint8_t code) {
  switch (code) {
    case 1:
      return "unacceptable protocol version";
    case 2:
      return "client identifier rejected";
    case 3:
      return "server unavailable";
    case 4:
      return "bad user name or password";
    case 5:
      return "not authorized";
    default:
      return "unknown return code";
  }
}

std::string refusal(std::uint8_t code, mqtt::Version version, const mqtt::PropertiesView& properties) {
  std::string text = version == mqtt::Version::v5 ? std::string(mqtt::name_of(static_cast<mqtt::ReasonCode>(code)))
                                                  : std::string(return_code_text(code));
  std::ranges::replace(text, '_', ' ');
  text += fmt::format(" (0x{:02X})", code);
  if (!properties.reason_string.empty()) text += fmt::format(": {}", properties.reason_string);
  return text;
}

/// The usual PUBLISH: no properties, not resent.  Its topic is not looked at, as nothing here depends on it.  False:
/// decode_publish() has to judge.
bool read_plain_publish(const mqtt::Frame& frame, mqtt::Version version, mqtt::PublishView& out) {
  const unsigned qos = frame.flags >> 1;
  const mqtt::Bytes body = frame.body;
  if (qos > 2 || body.size() < 2) return false;
  std::size_t at = 2 + (static_cast<std::size_t>(body[0]) << 8 | body[1]);
  const std::size_t fields = (qos != 0 ? 2U : 0U) + (version == mqtt::Version::v5 ? 1U : 0U);
  if (at == 2 || body.size() < at + fields) return false;
  const mqtt::Bytes topic = body.subspan(2, at - 2);
  out.packet_id = 0;
  if (qos != 0) {
    out.packet_id = static_cast<mqtt::PacketId>(body[at] << 8 | body[at + 1]);
    if (out.packet_id == 0) return false;
    at += 2;
  }
  if (version == mqtt::Version::v5 && body[at++] != 0) return false;
  out.topic = mqtt::text_of(topic);
  out.qos = static_cast<mqtt::Qos>(qos);
  out.dup = false;
  out.retain = (frame.flags & 1U) != 0;
  out.payload = body.subspan(at);
  out.properties.reset();
  return true;
}

}  // namespace

std::size_t Client::parse(mqtt::Bytes bytes, std::int64_t now) {
  std::size_t used = 0;
  for (;;) {
    const mqtt::FrameResult next = mqtt::next_frame(bytes.subspan(used), kPacketMax);
    if (next.status == mqtt::FrameStatus::incomplete) {
      partial_needs_ = next.needed;
      return used;
    }
    if (next.status == mqtt::FrameStatus::refused) {
      unexpected("a packet that is malformed or too large");
      return used;
    }
    used += next.frame.size;
    if (!on_frame(next.frame, now)) return used;
  }
}

bool Client::on_frame(const mqtt::Frame& frame, std::int64_t now) {
  using mqtt::PacketType;
  if (state_ == State::greeting && frame.type != PacketType::connack) {
    return unexpected(fmt::format("{} before CONNACK", mqtt::name_of(frame.type)));
  }
  switch (frame.type) {
    case PacketType::publish:
      return on_publish(frame, now);
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubcomp:
    case PacketType::pubrel:
      return on_ack(frame, now);
    case PacketType::connack:
      return on_connack(frame, now);
    case PacketType::suback:
      return on_suback(frame, now);
    case PacketType::pingresp:
      return true;
    case PacketType::disconnect:
      return on_disconnect(frame);
    default:
      return unexpected(mqtt::name_of(frame.type));
  }
}

bool Client::on_publish(const mqtt::Frame& frame, std::int64_t now) {
  mqtt::PublishView& publish = context_.publish;
  const mqtt::Version version = context_.run.plan.target.version;
  if (!read_plain_publish(frame, version, publish) &&
      !mqtt::decode_publish(frame, version, kLimits, publish, mqtt::Sender::server)) {
    return unexpected("a malformed PUBLISH");
  }
  if (subscriber_ == nullptr) return unexpected("a PUBLISH to a client without subscriptions");
  if (subscriber_->on_publish(publish, link_, now) && responder_ != nullptr) responder_->answer(publish, link_);
  return true;
}

bool Client::on_ack(const mqtt::Frame& frame, std::int64_t now) {
  mqtt::AckView& ack = context_.ack;
  const auto decoded = mqtt::decode_ack(frame, context_.run.plan.target.version, kLimits, ack, mqtt::Sender::server);
  if (!decoded) return unexpected(fmt::format("a malformed {}", mqtt::name_of(frame.type)));
  if (frame.type == mqtt::PacketType::pubrel) {
    if (subscriber_ != nullptr) subscriber_->on_pubrel(ack.packet_id, link_);
  } else if (publisher_ != nullptr) {
    publisher_->on_ack(frame.type, ack, link_, now);
  } else if (responder_ != nullptr) {
    responder_->on_ack(frame.type, ack, link_);
  }
  return true;
}

bool Client::on_connack(const mqtt::Frame& frame, std::int64_t now) {
  const Plan& plan = context_.run.plan;
  if (state_ != State::greeting) return unexpected("a second CONNACK");
  mqtt::ConnackView connack;
  if (!mqtt::decode_connack(frame, plan.target.version, kLimits, connack)) return unexpected("a malformed CONNACK");
  if (connack.code != 0) {
    return fail({ExitCode::refused, fmt::format("{} refused the connection: {}", where(),
                                                refusal(connack.code, plan.target.version, connack.properties))});
  }
  const mqtt::PropertiesView& told = connack.properties;
  limits_ = ServerLimits{};
  limits_.session_present = connack.session_present;
  limits_.receive_maximum = told.receive_maximum;
  limits_.maximum_qos = static_cast<mqtt::Qos>(told.maximum_qos);
  limits_.retain_available = told.retain_available != 0;
  if (told.has(mqtt::PropertyId::maximum_packet_size)) limits_.packet_max = told.maximum_packet_size;
  keep_alive_s_ = told.has(mqtt::PropertyId::server_keep_alive) ? told.server_keep_alive : plan.client.keep_alive_s;
  ++context_.tally.connects;
  ++context_.tally.now().connects;
  context_.tally.connect.record(now - began_ns_);
  if (was_ready_) ++context_.tally.reconnects;

  if (subscriber_ != nullptr) subscriber_->begin(connack.session_present);
  if (responder_ != nullptr) responder_->begin(limits_.receive_maximum);
  filters_sent_ = filters_granted_ = 0;
  state_ = State::subscribing;
  // Connecting took what it took; subscribing has its own time.
  began_ns_ = now;
  // A kept session has its subscriptions.
  if (spec_.filters.empty() || (was_ready_ && connack.session_present)) {
    become_ready();
  } else {
    subscribe_more();
  }
  return link_.is_open();
}

void Client::subscribe_more() {
  const Plan& plan = context_.run.plan;
  while (filters_sent_ < spec_.filters.size() &&
         filters_sent_ - filters_granted_ < kFiltersPerPacket * kSubscribesUnderWay) {
    const std::size_t end = std::min(spec_.filters.size(), filters_sent_ + kFiltersPerPacket);
    std::vector<mqtt::SubscriptionOut> subscriptions;
    for (std::size_t i = filters_sent_; i < end; ++i) {
      subscriptions.push_back({spec_.filters[i], {.qos = plan.subscribe_qos}});
    }
    const auto id = static_cast<mqtt::PacketId>(1 + filters_sent_ / kFiltersPerPacket % 65'535);
    mqtt::WriteBatch batch;
    mqtt::encode_subscribe(batch, plan.target.version, id, subscriptions);
    iovec piece{};
    if (batch.describe(&piece, 1) == 1) link_.queue({static_cast<const std::uint8_t*>(piece.iov_base), piece.iov_len});
    subscribe_ns_ = now_ns();
    if (plan.topology == Topology::retained && context_.subscribed_ns == 0) context_.subscribed_ns = subscribe_ns_;
    filters_sent_ = end;
  }
  wake();
}

bool Client::on_suback(const mqtt::Frame& frame, std::int64_t now) {
  const Plan& plan = context_.run.plan;
  mqtt::SubackView suback;
  if (!mqtt::decode_suback(frame, plan.target.version, kLimits, suback)) return unexpected("a malformed SUBACK");
  if (state_ != State::subscribing || filters_granted_ + suback.codes.size() > filters_sent_) {
    return unexpected("a SUBACK that nobody waits for");
  }
  for (std::size_t i = 0; i < suback.codes.size(); ++i) {
    const std::string& filter = spec_.filters[filters_granted_ + i];
    if (suback.codes[i] >= 0x80) {
      return fail({ExitCode::refused, fmt::format("{} refused the subscription to '{}': {}", where(), filter,
                                                  refusal(suback.codes[i], mqtt::Version::v5, suback.properties))});
    }
    if (suback.codes[i] < static_cast<unsigned>(plan.subscribe_qos)) {
      return fail({ExitCode::refused, fmt::format("{} grants QoS {} only to '{}'", where(), suback.codes[i], filter)});
    }
  }
  filters_granted_ += suback.codes.size();
  began_ns_ = now;
  context_.tally.subscribe.record(now - subscribe_ns_);
  if (filters_granted_ == spec_.filters.size()) {
    become_ready();
  } else {
    subscribe_more();
  }
  return link_.is_open();
}

void Client::become_ready() {
  if (publisher_ != nullptr) {
    if (auto error = publisher_->begin(limits_, link_)) {
      fail(std::move(*error));
      return;
    }
  }
  state_ = State::ready;
  retry_ns_ = 0;
  wake();
  if (std::exchange(was_ready_, true)) return;
  owner_.on_ready(*this);
}

bool Client::on_disconnect(const mqtt::Frame& frame) {
  mqtt::DisconnectView disconnect;
  if (context_.run.plan.target.version != mqtt::Version::v5 ||
      !mqtt::decode_disconnect(frame, mqtt::Version::v5, kLimits, disconnect, mqtt::Sender::server)) {
    return unexpected("a malformed DISCONNECT");
  }
  return fail(broken(fmt::format("the broker disconnected: {}", refusal(static_cast<std::uint8_t>(disconnect.reason),
                                                                        mqtt::Version::v5, disconnect.properties))));
}

}  // namespace tombo::bench::engine
