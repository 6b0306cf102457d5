#include "bridge/relay.hpp"

#include "mqtt/raw_writer.hpp"
#include "mqtt/topic.hpp"

#include <algorithm>
#include <utility>

namespace tombo::bridge {

using mqtt::PacketType;
using mqtt::PropertyId;
using mqtt::Qos;
using mqtt::ReasonCode;
using mqtt::Sender;
using mqtt::Version;

namespace {
constexpr std::size_t kTopicBytesMax = 65'535;
/// What the broker itself sends has been checked when it came in.
constexpr mqtt::DecodeLimits kNoLimits{65'535, mqtt::kTopicLevelsMax};
constexpr mqtt::PeerFormat kLocalFormat{};
/// The packet's header, the topic's length and the identifier at most, and the length of the properties.
constexpr std::size_t kAroundPublish = 5 + 2 + 2 + 4;
/// Of an alias and its value.
constexpr std::size_t kAliasBytes = 3;

/// A broker may say more than a client, which we are on both sides: that nobody is subscribed, for instance.
ReasonCode as_client(PacketType type, ReasonCode reason) {
  if (mqtt::may_carry(type, reason, Sender::client)) return reason;
  return mqtt::is_error(reason) ? ReasonCode::unspecified_error : ReasonCode::success;
}
}  // namespace

void Relay::begin(const Peer& peer, std::shared_ptr<const Plan> plan, const config::Options& options) {
  peer_ = peer;
  parts_.plan = std::move(plan);
  remote_format_ = {parts_.plan->version, peer.packet_bytes_max};
  limits_ = {options.limits.properties_max, options.limits.topic_levels_max};
  takes_retained_ = options.mqtt.retain_available;
  in_aliases_.reset();
  const std::uint16_t aliases = std::min(peer.topic_alias_max, parts_.plan->options.topic_alias_max);
  out_aliases_ = aliases != 0 && parts_.plan->is_v5() ? std::make_unique<session::OutboundAliases>(aliases) : nullptr;
  freed_.clear();
  lowered_.clear();
  told_refused_ = false;
}

/// All but what holds for one connection only, and the id of the broker that the message leaves.
void Relay::copy_properties(mqtt::Bytes raw, std::string_view node) {
  properties_.clear();
  mqtt::for_each_property(raw, [&](PropertyId id, mqtt::Bytes whole, mqtt::Bytes) {
    if (id == PropertyId::topic_alias || id == PropertyId::subscription_identifier) return;
    properties_.insert(properties_.end(), whole.begin(), whole.end());
  });
  mqtt::PropertyWriter passed;
  if (!node.empty()) passed.user(broker::LoopGuard::kNodeProperty, node);
  properties_.insert(properties_.end(), passed.bytes().begin(), passed.bytes().end());
}

void Relay::outward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& remote, mqtt::WriteBatch& local) {
  if (frame.type == PacketType::publish) return publish_outward(frame, now, remote, local);
  mqtt::AckView ack;
  if (!mqtt::decode_ack(frame, Version::v5, kNoLimits, ack, Sender::server)) return;
  mqtt::encode_ack(remote, remote_format_, frame.type, ack.packet_id, as_client(frame.type, ack.reason));
}

void Relay::publish_outward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& remote, mqtt::WriteBatch& local) {
  const Plan& plan = *parts_.plan;
  mqtt::PublishView& publish = view_;
  if (!mqtt::decode_publish(frame, Version::v5, kNoLimits, publish, Sender::server)) return;
  if (!plan.topics.outward(publish.topic, topic_) || topic_.size() > kTopicBytesMax || topic_.empty())
    return give_up(publish, local);
  properties_.clear();
  if (plan.is_v5()) {
    copy_properties(publish.properties.raw, parts_.core->loops.node());
  } else {
    parts_.core->loops.remember(publish.topic, publish.payload, now, plan.options.loop_window_s);
  }
  if (kAroundPublish + topic_.size() + properties_.size() + publish.payload.size() + kAliasBytes >
      peer_.packet_bytes_max) {
    return give_up(publish, local);
  }
  std::string_view topic = topic_;
  if (out_aliases_) {
    const auto use = out_aliases_->use(topic_);
    if (use.alias != 0)
      properties_.insert(properties_.end(),
                         {static_cast<std::uint8_t>(PropertyId::topic_alias), static_cast<std::uint8_t>(use.alias >> 8),
                          static_cast<std::uint8_t>(use.alias)});
    if (use.known) topic = {};
  }
  const Qos qos = mqtt::lower_of(publish.qos, peer_.qos_max);
  const bool retain = publish.retain && plan.options.outgoing_retain && peer_.retain_available;
  const mqtt::PacketId id = publish.packet_id;
  if (qos == Qos::exactly_once && suspect_.any() && suspect_.test(id)) {
    suspect_.reset(id);
    freed_.insert(id);
    mqtt::encode_ack(remote, remote_format_, PacketType::pubrel, id, ReasonCode::success);
  }
  const bool dup = publish.dup && qos != Qos::at_most_once;
  mqtt::encode_client_publish(remote, plan.version, topic, publish.payload, qos, retain, dup, id, properties_);
  if (!publish.dup) parts_.figures->sent.add();
  if (qos == publish.qos) return;
  if (qos == Qos::at_least_once) {
    lowered_.insert(id);
  } else {  // nobody will acknowledge it
    const bool once = publish.qos == Qos::at_least_once;
    mqtt::encode_ack(local, kLocalFormat, once ? PacketType::puback : PacketType::pubrec, id,
                     once ? ReasonCode::success : ReasonCode::implementation_specific_error);
  }
}

/// Our session is told that it is done with this message, which goes nowhere.
void Relay::give_up(const mqtt::PublishView& publish, mqtt::WriteBatch& local) {
  parts_.figures->dropped.add();
  if (publish.qos == Qos::at_most_once) return;
  const bool once = publish.qos == Qos::at_least_once;
  mqtt::encode_ack(local, kLocalFormat, once ? PacketType::puback : PacketType::pubrec, publish.packet_id,
                   ReasonCode::packet_too_large);
}

Result<void, ReasonCode> Relay::inward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& local,
                                       mqtt::WriteBatch& remote) {
  if (frame.type == PacketType::publish) return publish_inward(frame, now, local, remote);
  mqtt::AckView ack;
  const auto good = mqtt::decode_ack(frame, parts_.plan->version, limits_, ack, Sender::server);
  if (!good) return good;
  ack_inward(ack, frame.type, local);
  return {};
}

void Relay::ack_inward(const mqtt::AckView& ack, PacketType type, mqtt::WriteBatch& local) {
  if (type == PacketType::pubcomp && freed_.erase(ack.packet_id) != 0) return;  // not of a message of ours
  if (mqtt::is_error(ack.reason) && (type == PacketType::puback || type == PacketType::pubrec)) {
    parts_.figures->dropped.add();
    note_refused(ack.reason);
  }
  if (type == PacketType::puback && lowered_.erase(ack.packet_id) != 0) {
    // An error in PUBREC ends what QoS 2 has begun here.
    return mqtt::encode_ack(local, kLocalFormat, PacketType::pubrec, ack.packet_id,
                            ReasonCode::implementation_specific_error);
  }
  mqtt::encode_ack(local, kLocalFormat, type, ack.packet_id, as_client(type, ack.reason));
}

void Relay::note_refused(ReasonCode reason) {
  if (std::exchange(told_refused_, true)) return;
  parts_.logger.warning(
      "bridge {}: the other broker does not take a message: {} (0x{:02x}); the next ones are counted only",
      parts_.plan->name, name_of(reason), static_cast<unsigned>(reason));
}

bool Relay::resolve_alias(mqtt::PublishView& publish) {
  const std::uint16_t alias = publish.properties.topic_alias;
  if (alias > parts_.plan->options.topic_alias_max) return false;
  if (!in_aliases_) in_aliases_ = std::make_unique<session::InboundAliases>();
  if (!publish.topic.empty()) {
    in_aliases_->set(alias, publish.topic);
    return true;
  }
  publish.topic = in_aliases_->find(alias);
  return !publish.topic.empty();
}

/// What no entry brings in is not taken, whatever the other broker sends; nor what our own would break off for.
bool Relay::may_be_taken(const mqtt::PublishView& publish) const {
  return !publish.topic.empty() && publish.topic.size() <= kTopicBytesMax &&
         mqtt::count_levels(publish.topic) <= limits_.topic_levels_max;
}

bool Relay::has_come_round(const mqtt::PublishView& publish, MonoTime now) {
  auto& loops = parts_.core->loops;
  if (!loops.has_come_round(publish, now)) return false;
  loops.found.fetch_add(1, std::memory_order_relaxed);
  parts_.figures->looped.add();
  return true;
}

Result<void, ReasonCode> Relay::publish_inward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& local,
                                               mqtt::WriteBatch& remote) {
  mqtt::PublishView& publish = view_;
  const auto good = mqtt::decode_publish(frame, parts_.plan->version, limits_, publish, Sender::server);
  if (!good) return good;
  if (publish.properties.has(PropertyId::topic_alias) && !resolve_alias(publish))
    return Failure{ReasonCode::topic_alias_invalid};
  if (!publish.dup) parts_.figures->received.add();
  const bool named = parts_.plan->topics.inward(publish.topic, topic_);
  publish.topic = topic_;
  if (!named || !may_be_taken(publish) || has_come_round(publish, now)) {
    if (!named || !may_be_taken(publish)) parts_.figures->dropped.add();
    if (publish.qos == Qos::at_most_once) return {};
    const bool once = publish.qos == Qos::at_least_once;
    mqtt::encode_ack(remote, remote_format_, once ? PacketType::puback : PacketType::pubrec, publish.packet_id,
                     ReasonCode::success);
    return {};
  }
  // A broker that does not tell its id cannot mark what it gives: then we do, that it comes in here once only.
  copy_properties(publish.properties.raw,
                  peer_.node.empty() ? std::string_view{parts_.core->loops.node()} : std::string_view{peer_.node});
  const bool retain = publish.retain && takes_retained_;
  mqtt::encode_client_publish(local, Version::v5, topic_, publish.payload, publish.qos, retain, publish.dup,
                              publish.packet_id, properties_);
  return {};
}

}  // namespace tombo::bridge
