#include "mqtt/encode.hpp"
#include "mqtt/raw_writer.hpp"

#include <algorithm>

namespace tombo::mqtt {
namespace {

constexpr std::size_t kExpirySize = 5;
constexpr std::size_t kAliasSize = 3;

unsigned flags_of(const PublishOut& publish) {
  return (publish.dup ? 0x08U : 0U) | static_cast<unsigned>(publish.qos) << 1 | (publish.retain ? 0x01U : 0U);
}

/// Seconds left, rounded up: time that has not passed is not taken off.  [MQTT-3.3.2-6]
std::uint32_t seconds_left(MonoTime expires_at, MonoTime now) {
  const std::int64_t left_ms = (expires_at - now).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>((left_ms + 999) / 1000, 0, 0xFFFF'FFFF));
}

std::size_t properties_size(const Message& message, const PublishOut& publish) {
  std::size_t size = message.forwarded_properties().size();
  if (message.expires_at() != kNever) size += kExpirySize;
  if (publish.topic_alias != 0) size += kAliasSize;
  for (const std::uint32_t id : publish.subscription_ids) size += 1 + varint_size(id);
  return size;
}

void write_properties(RawWriter& writer, std::size_t size, const Message& message,
                      const PublishOut& publish) {
  writer.varint(size);
  if (message.expires_at() != kNever) {
    writer.property(PropertyId::message_expiry_interval);
    writer.u32(seconds_left(message.expires_at(), publish.now));
  }
  if (publish.topic_alias != 0) {
    writer.property(PropertyId::topic_alias);
    writer.u16(publish.topic_alias);
  }
  for (const std::uint32_t id : publish.subscription_ids) {
    writer.property(PropertyId::subscription_identifier);
    writer.varint(id);
  }
  writer.bytes(message.forwarded_properties());
}

/// Of the topic in wire form, as the peer sees it.
std::size_t topic_size(const Message& message, const PeerFormat& peer) {
  return message.wire_topic().size() - peer.topic_skip;
}

void write_topic(RawWriter& writer, const Message& message, const PeerFormat& peer) {
  if (peer.topic_skip == 0) return writer.bytes(message.wire_topic());
  const Bytes topic = message.wire_topic().subspan(std::size_t{2} + peer.topic_skip);
  writer.u16(static_cast<std::uint16_t>(topic.size()));
  writer.bytes(topic);
}

/// Before 5.0 at QoS 0 topic and payload are all there is, and mostly lie together.
bool encode_plain(WriteBatch& out, const PeerFormat& peer, const PublishOut& publish) {
  const Message& message = **publish.message;
  const std::size_t remaining = topic_size(message, peer) + message.payload().size();
  const std::size_t size = packet_size(remaining);
  if (size > peer.packet_max || remaining > kRemainingLengthMax) return false;
  const bool gather = message.payload().size() >= WriteBatch::kGatherMin;
  RawWriter writer(out.extend(gather ? size - message.payload().size() : size));
  writer.head(PacketType::publish, flags_of(publish), remaining);
  if (gather) {
    write_topic(writer, message, peer);
    out.append_payload(*publish.message);
  } else if (message.plain() && peer.topic_skip == 0) {
    writer.bytes({message.wire_topic().data(), remaining});
  } else {
    write_topic(writer, message, peer);
    writer.bytes(message.payload());
  }
  return true;
}

}  // namespace

bool encode_publish(WriteBatch& out, const PeerFormat& peer, const PublishOut& publish) {
  const bool v5 = peer.version == Version::v5;
  const bool has_id = publish.qos != Qos::at_most_once;
  if (!v5 && !has_id) return encode_plain(out, peer, publish);

  const Message& message = **publish.message;
  const std::size_t topic_bytes = v5 && publish.omit_topic ? 2 : topic_size(message, peer);
  const std::size_t properties = v5 ? properties_size(message, publish) : 0;
  const std::size_t remaining =
      topic_bytes + (has_id ? 2U : 0U) + (v5 ? section_size(properties) : 0) + message.payload().size();
  const std::size_t size = packet_size(remaining);
  if (size > peer.packet_max || remaining > kRemainingLengthMax) return false;

  const bool gather = message.payload().size() >= WriteBatch::kGatherMin;
  RawWriter writer(out.extend(gather ? size - message.payload().size() : size));
  writer.head(PacketType::publish, flags_of(publish), remaining);
  if (v5 && publish.omit_topic) {
    writer.u16(0);
  } else {
    write_topic(writer, message, peer);
  }
  if (has_id) writer.u16(publish.packet_id);
  if (v5) write_properties(writer, properties, message, publish);
  if (gather) {
    out.append_payload(*publish.message);
  } else {
    writer.bytes(message.payload());
  }
  return true;
}

}  // namespace tombo::mqtt
