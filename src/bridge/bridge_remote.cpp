#include "bridge/bridge.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::bridge {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::ReasonCode;
using mqtt::Version;

// The bridge as a client of the other broker.

namespace {
/// Until CONNECT is answered.
constexpr Milliseconds kGreetPatience{20'000};
/// Until PINGREQ is answered, at least.
constexpr Milliseconds kPingPatience{10'000};
/// What may wait for our broker before the other one is not read from.
constexpr std::size_t kInMax = 256 * 1024;
/// Return code of CONNACK before 5.0: the protocol's version is not accepted.
constexpr std::uint8_t kVersionRefused = 1;

std::string_view words_for(std::uint8_t code) {
  switch (code) {
    case 1:
      return "it does not speak this version of MQTT";
    case 2:
      return "it does not take this client id";
    case 3:
      return "it is not available";
    case 4:
      return "user name or password is wrong";
    case 5:
      return "not authorized";
    default:
      return "refused";
  }
}
}  // namespace

void Bridge::on_open() {
  if (phase_ != Phase::dialing) return;
  greet();
}

void Bridge::on_lost(std::string_view why) {
  if (phase_ == Phase::up) return lost(why);
  if (phase_ != Phase::dialing && phase_ != Phase::greeting) return;
  const bool silently = phase_ == Phase::greeting && !plan_->is_v5() && plan_->options.try_private;
  if (!silently) return attempt_failed(why);
  // Some brokers say nothing when they meet a level that they do not know.
  const bool was_private = std::exchange(private_bit_, !private_bit_);
  if (!was_private) return attempt_failed(why);
  wait(Milliseconds{0});
}

void Bridge::greet() {
  const auto& options = plan_->options;
  out_.clear();
  enter(Phase::greeting, now() + kGreetPatience);
  mqtt::PropertyWriter properties;
  if (plan_->is_v5()) {
    // A session that is to be kept is kept as 3.1.1 does it, unless the time is given.
    std::uint32_t expiry_s = options.session_expiry_s;
    if (expiry_s == 0 && !options.clean_session) expiry_s = mqtt::kSessionNeverExpires;
    if (expiry_s != 0) properties.number(PropertyId::session_expiry_interval, expiry_s);
    properties.number(PropertyId::receive_maximum, options.receive_maximum);
    const std::uint32_t packet_max =
        options.packet_bytes_max != 0 ? options.packet_bytes_max : parts_.shard->options().limits.packet_bytes_max;
    if (packet_max < mqtt::kRemainingLengthMax) properties.number(PropertyId::maximum_packet_size, packet_max);
    if (options.topic_alias_max != 0) properties.number(PropertyId::topic_alias_maximum, options.topic_alias_max);
    properties.user(broker::LoopGuard::kBridgeProperty, parts_.shard->core().loops.node());
  }
  mqtt::ConnectOut connect;
  connect.version = plan_->version;
  connect.bridge = !plan_->is_v5() && options.try_private && private_bit_;
  connect.clean_start = options.clean_session;
  connect.keep_alive_s = options.keep_alive_s;
  connect.client_id = plan_->client_id;
  if (!options.user_name.empty()) connect.user_name = options.user_name;
  const bool named = plan_->is_v5() || !options.user_name.empty();  // [3.1.1 MQTT-3.1.2-22]
  if (!options.password.empty() && named) connect.password = mqtt::bytes_of(options.password);
  connect.raw_properties = properties.bytes();
  if (!plan_->notification_topic.empty() && !options.notifications_local_only) {
    connect.has_will = true;
    connect.will_topic = plan_->notification_topic;
    connect.will_payload = mqtt::bytes_of("0");
    connect.will_qos = mqtt::Qos::at_least_once;
    connect.will_retain = true;
  }
  mqtt::encode_connect(out_, connect);
}

std::size_t Bridge::on_bytes(mqtt::Bytes bytes) {
  const std::size_t size = bytes.size();
  const std::uint32_t packet_max = plan_->options.packet_bytes_max != 0
                                       ? plan_->options.packet_bytes_max
                                       : parts_.shard->options().limits.packet_bytes_max;
  while (!bytes.empty() && (phase_ == Phase::greeting || phase_ == Phase::up)) {
    const auto result = mqtt::next_frame(bytes, packet_max);
    if (result.status == mqtt::FrameStatus::incomplete) return size - bytes.size();
    if (result.status == mqtt::FrameStatus::refused) {
      write_disconnect(result.reason);
      parts_.line->hang_up();
      on_lost(fmt::format("it sends what cannot be read: {}", name_of(result.reason)));
      return size;
    }
    if (!on_packet(result.frame)) {
      if (phase_ == Phase::greeting || phase_ == Phase::up) return size - bytes.size();
      return size;
    }
    bytes = bytes.subspan(result.frame.size);
  }
  return size;
}

/// False: not now, or never again.
bool Bridge::on_packet(const mqtt::Frame& frame) {
  if (phase_ == Phase::greeting) {
    if (frame.type == PacketType::connack) {
      on_connack(frame);
      return phase_ == Phase::up;
    }
    parts_.line->hang_up();
    attempt_failed("it does not answer with CONNACK");
    return false;
  }
  switch (frame.type) {
    case PacketType::publish:
      carried_at_ = now();
      [[fallthrough]];
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp: {
      if (!local_.joined() || local_.packets().size() >= kInMax) {
        reading_ = false;
        parts_.line->read(false);
        return false;
      }
      const auto good = relay_.inward(frame, now(), local_.packets(), out_);
      if (good) return true;
      write_disconnect(good.error());
      parts_.line->hang_up();
      lost(fmt::format("it breaks the protocol: {}", name_of(good.error())));
      return false;
    }
    case PacketType::suback:
    case PacketType::unsuback:
      on_suback(frame);
      return true;
    case PacketType::pingresp:
      pinged_at_ = kNever;
      return true;
    case PacketType::disconnect: {
      mqtt::DisconnectView goodbye;
      const auto good = mqtt::decode_disconnect(frame, plan_->version, {}, goodbye, mqtt::Sender::server);
      parts_.line->hang_up();
      lost(fmt::format("it said goodbye: {}", good ? name_of(goodbye.reason) : "without a reason"));
      return false;
    }
    default:
      parts_.line->hang_up();
      lost("it sends what a broker does not send");
      return false;
  }
}

void Bridge::on_connack(const mqtt::Frame& frame) {
  mqtt::ConnackView connack;
  if (const auto good = mqtt::decode_connack(frame, plan_->version, {}, connack); !good) {
    parts_.line->hang_up();
    return attempt_failed("its CONNACK cannot be read");
  }
  if (connack.code != 0) return on_refused(connack.code);
  welcome_ = {};
  welcome_.session_present = connack.session_present;
  keep_alive_s_ = plan_->options.keep_alive_s;
  if (plan_->is_v5()) {
    const auto& said = connack.properties;
    welcome_.receive_maximum = said.receive_maximum;
    if (said.has(PropertyId::maximum_packet_size)) welcome_.peer.packet_bytes_max = said.maximum_packet_size;
    welcome_.peer.topic_alias_max = said.topic_alias_maximum;
    welcome_.peer.qos_max = static_cast<mqtt::Qos>(std::min<std::uint8_t>(said.maximum_qos, 2));
    welcome_.peer.retain_available = said.retain_available != 0;
    mqtt::for_each_property(said.raw, [&](PropertyId id, mqtt::Bytes, mqtt::Bytes value) {
      if (id != PropertyId::user_property) return;
      const std::size_t size = static_cast<std::size_t>(value[0]) << 8 | value[1];
      if (mqtt::text_of(value.subspan(2, size)) == broker::LoopGuard::kNodeProperty)
        welcome_.peer.node = mqtt::text_of(value.subspan(4 + size));
    });
    if (said.has(PropertyId::server_keep_alive)) keep_alive_s_ = said.server_keep_alive;
  }
  if (!welcome_.session_present) retained_due_ = true;
  relay_.begin(welcome_.peer, plan_, parts_.shard->options());
  const auto& address = plan_->addresses[address_];
  parts_.logger.info("bridge {}: connected to {}:{} session_present={}", plan_->name, address.host, address.port,
                     welcome_.session_present);
  told_.clear();
  up_since_ = carried_at_ = asked_at_ = now();
  pinged_at_ = kNever;
  probe_at_ = now() + Seconds{plan_->options.restart_max_s};
  if (connected_times_++ != 0) parts_.figures->reconnects.add();
  enter(Phase::up, kNever);
  subscribe_there();
  say_there("1");
  say_here("1");
  join_due_ = true;
}

void Bridge::on_refused(std::uint8_t code) {
  parts_.line->hang_up();
  if (!plan_->is_v5() && code == kVersionRefused && plan_->options.try_private && private_bit_) {
    private_bit_ = false;
    parts_.logger.info("bridge {}: the other broker does not know bridges; trying without", plan_->name);
    return wait(Milliseconds{0});
  }
  if (!plan_->is_v5()) return attempt_failed(words_for(code));
  attempt_failed(
      fmt::format("refused: {} (0x{:02x})", name_of(static_cast<ReasonCode>(code)), static_cast<unsigned>(code)));
}

/// Each filter by itself, so that a refusal says which one it is about.
void Bridge::subscribe_there() {
  request_id_ = 0;
  requests_ = 0;
  for (const Wanted& wanted : plan_->in_filters) {
    mqtt::SubscriptionOut subscription{wanted.filter, {}};
    subscription.options.qos = wanted.qos;
    subscription.options.no_local = true;
    subscription.options.retain_as_published = true;
    subscription.options.retain_handling = mqtt::RetainHandling::send_if_new;
    if (--request_id_ == 0) --request_id_;
    ++requests_;
    mqtt::encode_subscribe(out_, plan_->version, request_id_, {&subscription, 1});
  }
  if (!plan_->options.attempt_unsubscribe) return;
  for (const std::string& filter : plan_->topics.out_only()) {
    const std::string_view gone = filter;
    if (--request_id_ == 0) --request_id_;
    ++requests_;
    mqtt::encode_unsubscribe(out_, plan_->version, request_id_, {&gone, 1});
  }
}

void Bridge::on_suback(const mqtt::Frame& frame) {
  if (requests_ > 0) --requests_;
  if (frame.type != PacketType::suback) return;
  mqtt::SubackView suback;
  if (!mqtt::decode_suback(frame, plan_->version, {}, suback) || suback.codes.empty()) return;
  const auto reason = static_cast<ReasonCode>(suback.codes[0]);
  if (!mqtt::is_error(reason)) return;
  // Identifiers count down from 65535 in the order of the filters.
  const std::size_t index = 65'535u - suback.packet_id;
  if (index >= plan_->in_filters.size()) return;
  const Wanted& wanted = plan_->in_filters[index];
  parts_.logger.warning("bridge {}: the other broker does not let it subscribe to {}: {} (0x{:02x})", plan_->name,
                        wanted.filter, name_of(reason), static_cast<unsigned>(reason));
}

void Bridge::keep_alive() {
  if (keep_alive_s_ == 0) return;
  const Milliseconds period = Seconds{keep_alive_s_};
  if (!reading_ && pinged_at_ != kNever) pinged_at_ = now();  // the answer may lie where we do not read
  if (reading_ && pinged_at_ != kNever) {
    if (now() < pinged_at_ + std::max(kPingPatience, period / 2)) return;
    parts_.line->hang_up();
    return lost("it does not answer PINGREQ");
  }
  // Also while we write: a broker that is gone would not be noticed otherwise.
  if (now() < asked_at_ + period * 3 / 4) return;
  mqtt::encode_pingreq(out_);
  pinged_at_ = asked_at_ = now();
}

void Bridge::say_there(std::string_view state) {
  if (plan_->notification_topic.empty() || plan_->options.notifications_local_only || !welcome_.peer.retain_available)
    return;
  mqtt::encode_client_publish(out_, plan_->version, plan_->notification_topic, mqtt::bytes_of(state),
                              mqtt::Qos::at_most_once, true, false, 0);
}

void Bridge::write_disconnect(ReasonCode reason) {
  mqtt::encode_client_disconnect(out_, plan_->version, reason);
}

}  // namespace tombo::bridge
