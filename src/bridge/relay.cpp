#include "bridge/relay.hpp"

#include "mqtt/raw_writer.hpp"
#include "mqtt/topic.hpp"

#include <algorithm>
#include <array>
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
/// What our broker sends has been checked when it came in.  What the other one sends and is too much for us alone breaks no
/// protocol: to hang up would have it sent again.
constexpr mqtt::DecodeLimits kNoLimits{mqtt::kRemainingLengthMax, 65'536};
constexpr mqtt::PeerFormat kLocalFormat{};
/// Of an alias and its value.
constexpr std::size_t kAliasBytes = 3;
/// Of a topic in the log.
constexpr std::size_t kTopicShown = 200;

std::size_t publish_size(Version version, std::size_t topic, const mqtt::PublishView& publish, std::size_t properties) {
  const std::size_t id = publish.qos == Qos::at_most_once ? 0 : 2;
  const std::size_t section = version == Version::v5 ? mqtt::section_size(properties) : 0;
  return mqtt::packet_size(2 + topic + id + section + publish.payload.size());
}

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
  const std::uint32_t wanted_max = parts_.plan->options.outgoing_packet_bytes_max;
  if (wanted_max != 0) peer_.packet_bytes_max = std::min(peer_.packet_bytes_max, wanted_max);
  limits_ = {options.limits.properties_max, options.limits.topic_levels_max};
  takes_retained_ = options.mqtt.retain_available;
  in_aliases_.reset();
  const std::uint16_t aliases = std::min(peer.topic_alias_max, parts_.plan->options.topic_alias_max);
  out_aliases_ = aliases != 0 && parts_.plan->is_v5() ? std::make_unique<session::OutboundAliases>(aliases) : nullptr;
  freed_.clear();
  lowered_.clear();
  told_.reset();
}

/// All but what holds for one connection only, and the id of the broker that the message leaves.
void Relay::copy_properties(mqtt::Bytes raw, std::string_view node) {
  properties_.clear();
  copied_ = node.empty() ? 0 : 1;
  mqtt::for_each_property(raw, [&](PropertyId id, mqtt::Bytes whole, mqtt::Bytes) {
    if (id == PropertyId::topic_alias || id == PropertyId::subscription_identifier) return;
    ++copied_;
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
  if (mqtt::is_error(ack.reason) && (frame.type == PacketType::puback || frame.type == PacketType::pubrec))
    note_refused("this broker", ack.reason, kRefusedHere);
  mqtt::encode_ack(remote, remote_format_, frame.type, ack.packet_id, as_client(frame.type, ack.reason));
}

void Relay::publish_outward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& remote, mqtt::WriteBatch& local) {
  const Plan& plan = *parts_.plan;
  mqtt::PublishView& publish = view_;
  if (!mqtt::decode_publish(frame, Version::v5, kNoLimits, publish, Sender::server)) return;
  if (!plan.topics.outward(publish.topic, topic_) || topic_.size() > kTopicBytesMax || topic_.empty())
    return give_up(publish, Trouble::no_way_out, local);
  properties_.clear();
  if (plan.is_v5()) {
    copy_properties(publish.properties.raw, parts_.core->loops.node());
  } else {
    parts_.core->loops.remember(publish.topic, publish.payload, now, plan.options.loop_window_s);
  }
  const std::size_t alias_size = out_aliases_ ? kAliasBytes : 0;
  if (publish_size(plan.version, topic_.size(), publish, properties_.size() + alias_size) > peer_.packet_bytes_max)
    return give_up(publish, Trouble::too_long, local);
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

/// Counts a message that is not carried; the first one of its kind on a connection is told, too.
void Relay::drop(Trouble trouble, std::string_view topic) {
  parts_.figures->dropped.add();
  const auto kind = static_cast<std::size_t>(trouble);
  if (told_.test(kind)) return;
  told_.set(kind);
  constexpr std::array<std::string_view, kTroubles> kWhy{
      "no entry of topics takes it out", "it is longer than the other broker takes, or outgoing_packet_bytes_max",
      "no entry of topics brings it in", "limits.topic_levels_max or limits.properties_max is too low for it"};
  parts_.logger.warning("bridge {}: a message on {} is not carried: {}; the next ones are counted only",
                        parts_.plan->name, topic.substr(0, kTopicShown), kWhy[kind]);
}

/// Our session is told that it is done with this message, which goes nowhere.
void Relay::give_up(const mqtt::PublishView& publish, Trouble trouble, mqtt::WriteBatch& local) {
  drop(trouble, publish.topic);
  if (publish.qos == Qos::at_most_once) return;
  const bool once = publish.qos == Qos::at_least_once;
  mqtt::encode_ack(local, kLocalFormat, once ? PacketType::puback : PacketType::pubrec, publish.packet_id,
                   ReasonCode::implementation_specific_error);
}

Result<void, ReasonCode> Relay::inward(const mqtt::Frame& frame, MonoTime now, mqtt::WriteBatch& local,
                                       mqtt::WriteBatch& remote) {
  if (frame.type == PacketType::publish) return publish_inward(frame, now, local, remote);
  mqtt::AckView ack;
  const auto good = mqtt::decode_ack(frame, parts_.plan->version, kNoLimits, ack, Sender::server);
  if (!good) return good;
  ack_inward(ack, frame.type, local);
  return {};
}

void Relay::ack_inward(const mqtt::AckView& ack, PacketType type, mqtt::WriteBatch& local) {
  if (type == PacketType::pubcomp && freed_.erase(ack.packet_id) != 0) return;  // not of a message of ours
  if (mqtt::is_error(ack.reason) && (type == PacketType::puback || type == PacketType::pubrec))
    note_refused("the other broker", ack.reason, kRefusedThere);
  if (type == PacketType::puback && lowered_.erase(ack.packet_id) != 0) {
    // An error in PUBREC ends what QoS 2 has begun here.
    return mqtt::encode_ack(local, kLocalFormat, PacketType::pubrec, ack.packet_id,
                            ReasonCode::implementation_specific_error);
  }
  mqtt::encode_ack(local, kLocalFormat, type, ack.packet_id, as_client(type, ack.reason));
}

/// A message that one of the brokers acknowledges with an error goes no further.
void Relay::note_refused(std::string_view who, ReasonCode reason, std::size_t kind) {
  parts_.figures->dropped.add();
  if (told_.test(kind)) return;
  told_.set(kind);
  parts_.logger.warning("bridge {}: {} does not take a message: {} (0x{:02x}); the next ones are counted only",
                        parts_.plan->name, who, name_of(reason), static_cast<unsigned>(reason));
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

/// Our broker would break off for what it does not let in, and be sent it again.
bool Relay::may_be_taken() const {
  return !topic_.empty() && topic_.size() <= kTopicBytesMax && mqtt::count_levels(topic_) <= limits_.topic_levels_max &&
         copied_ <= limits_.properties_max;
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
  const auto good = mqtt::decode_publish(frame, parts_.plan->version, kNoLimits, publish, Sender::server);
  if (!good) return good;
  if (publish.properties.has(PropertyId::topic_alias) && !resolve_alias(publish))
    return Failure{ReasonCode::topic_alias_invalid};
  if (!publish.dup) parts_.figures->received.add();
  if (take(publish, now)) {
    const bool retain = publish.retain && takes_retained_;
    mqtt::encode_client_publish(local, Version::v5, topic_, publish.payload, publish.qos, retain, publish.dup,
                                publish.packet_id, properties_);
  } else if (publish.qos != Qos::at_most_once) {
    const bool once = publish.qos == Qos::at_least_once;
    mqtt::encode_ack(remote, remote_format_, once ? PacketType::puback : PacketType::pubrec, publish.packet_id,
                     ReasonCode::success);
  }
  return {};
}

/// Whether it is for our broker; topic_ and properties_ are what they are called there.
bool Relay::take(mqtt::PublishView& publish, MonoTime now) {
  // What no entry brings in is not taken, whatever the other broker sends.
  if (!parts_.plan->topics.inward(publish.topic, topic_)) {
    drop(Trouble::unasked, publish.topic);
    return false;
  }
  // A broker that does not tell its id cannot mark what it gives: then we do, that it comes in here once only.
  copy_properties(publish.properties.raw,
                  peer_.node.empty() ? std::string_view{parts_.core->loops.node()} : std::string_view{peer_.node});
  if (!may_be_taken()) {
    drop(Trouble::unfit, publish.topic);
    return false;
  }
  publish.topic = topic_;
  return !has_come_round(publish, now);
}

}  // namespace tombo::bridge
