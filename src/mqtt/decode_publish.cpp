#include "mqtt/cursor.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"

namespace tombo::mqtt {
namespace {

constexpr std::uint8_t kRetainFlag = 0x01;
constexpr std::uint8_t kDupFlag = 0x08;

/// Text, no wildcard, not too deep; whether it may be empty is asked elsewhere.
ReasonCode judge_topic(std::string_view topic, const DecodeLimits& limits) {
  const TopicScan scan = scan_topic(topic);
  if (!scan.plain && !is_valid_text(topic)) return ReasonCode::malformed_packet;
  if (scan.wildcard || scan.levels > limits.topic_levels_max) return ReasonCode::topic_name_invalid;
  return ReasonCode::success;
}

/// What a side must not put into its PUBLISH.  [MQTT-3.3.4-6]
bool belongs_to(Sender sender, const PropertiesView& properties) {
  return sender == Sender::server || !properties.has(PropertyId::subscription_identifier);
}

}  // namespace

Result<void, ReasonCode> decode_publish(const Frame& frame, Version version, const DecodeLimits& limits,
                                        PublishView& out, Sender sender) {
  const unsigned qos = frame.flags >> 1 & 3U;
  out.dup = (frame.flags & kDupFlag) != 0;
  out.retain = (frame.flags & kRetainFlag) != 0;
  if (qos == 3 || (qos == 0 && out.dup && version != Version::v3_1))
    return Failure{ReasonCode::malformed_packet};
  out.qos = static_cast<Qos>(qos);

  Cursor cursor(frame.body);
  out.topic = text_of(cursor.binary());
  const ReasonCode topic_reason = judge_topic(out.topic, limits);
  if (topic_reason != ReasonCode::success) return Failure{topic_reason};
  out.packet_id = qos != 0 ? cursor.u16() : PacketId{0};
  if (!cursor.ok()) return Failure{ReasonCode::malformed_packet};
  if (qos != 0 && out.packet_id == 0) return Failure{ReasonCode::protocol_error};

  if (version == Version::v5) {
    auto read = read_properties(cursor, PropertySet::publish, limits.properties_max, out.properties);
    if (!read) return read;
    if (!belongs_to(sender, out.properties)) return Failure{ReasonCode::protocol_error};
  } else {
    out.properties.reset();
  }
  if (out.topic.empty() && !out.properties.has(PropertyId::topic_alias))
    return Failure{ReasonCode::protocol_error};
  out.payload = cursor.rest();
  return {};
}

}  // namespace tombo::mqtt
