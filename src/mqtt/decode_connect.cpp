#include "mqtt/cursor.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/topic.hpp"

namespace tombo::mqtt {
namespace {

constexpr std::uint8_t kReservedFlag = 0x01;
constexpr std::uint8_t kCleanStartFlag = 0x02;
constexpr std::uint8_t kWillFlag = 0x04;
constexpr std::uint8_t kWillQosShift = 3;
constexpr std::uint8_t kWillRetainFlag = 0x20;
constexpr std::uint8_t kPasswordFlag = 0x40;
constexpr std::uint8_t kUserNameFlag = 0x80;
constexpr std::uint8_t kBridgeBit = 0x80;

Result<void, ReasonCode> malformed() {
  return Failure{ReasonCode::malformed_packet};
}

/// Protocol name and level.  [MQTT-3.1.2-1, MQTT-3.1.2-2]
Result<void, ReasonCode> read_protocol(Cursor& cursor, ConnectView& out) {
  const std::string_view name = text_of(cursor.binary());
  const std::uint8_t level_byte = cursor.u8();
  if (!cursor.ok()) return malformed();
  const std::uint8_t level = level_byte & static_cast<std::uint8_t>(~kBridgeBit);
  out.bridge = (level_byte & kBridgeBit) != 0;
  if (name == "MQTT" && (level == 4 || level == 5)) {
    out.version = static_cast<Version>(level);
    return {};
  }
  if (name == "MQIsdp" && level == 3) {
    out.version = Version::v3_1;
    return {};
  }
  // The refusal is told in a form that the peer can read: that of 5.0 only to who claims that or something newer; the
  // old name is that of an old client whatever its level says.
  out.version = name != "MQIsdp" && level >= 5 && level_byte < kBridgeBit ? Version::v5 : Version::v3_1_1;
  out.bridge = false;
  return Failure{ReasonCode::unsupported_protocol_version};
}

/// Whether the flags agree with each other.  [MQTT-3.1.2-3, -11..-14; 3.1.1 MQTT-3.1.2-22]
bool flags_are_valid(std::uint8_t flags, Version version) {
  const unsigned will_qos = flags >> kWillQosShift & 3U;
  if ((flags & kReservedFlag) != 0 && version != Version::v3_1) return false;
  if ((flags & kWillFlag) == 0 && (will_qos != 0 || (flags & kWillRetainFlag) != 0)) return false;
  if (will_qos == 3) return false;
  const bool password_alone = (flags & kPasswordFlag) != 0 && (flags & kUserNameFlag) == 0;
  return !password_alone || version == Version::v5;
}

Result<void, ReasonCode> read_will(Cursor& cursor, std::uint8_t flags, const DecodeLimits& limits,
                                   ConnectView& out) {
  WillView& will = out.will;
  out.has_will = true;
  will.qos = static_cast<Qos>(flags >> kWillQosShift & 3U);
  will.retain = (flags & kWillRetainFlag) != 0;
  if (out.version == Version::v5) {
    auto read = read_properties(cursor, PropertySet::will, limits.properties_max, will.properties);
    if (!read) return read;
  }
  will.topic = cursor.text();
  will.payload = cursor.binary();
  if (!cursor.ok()) return malformed();
  const TopicScan scan = scan_topic(will.topic);
  if (will.topic.empty() || scan.wildcard || scan.levels > limits.topic_levels_max) {
    return Failure{ReasonCode::topic_name_invalid};
  }
  return {};
}

void read_login(Cursor& cursor, std::uint8_t flags, ConnectView& out) {
  // At 3.1 the flag may be set without the field: the Remaining Length decides.
  const bool may_be_missing = out.version == Version::v3_1;
  if ((flags & kUserNameFlag) != 0 && !(may_be_missing && cursor.at_end())) {
    out.has_user_name = true;
    out.user_name = cursor.text();
  }
  if ((flags & kPasswordFlag) != 0 && !(may_be_missing && cursor.at_end())) {
    out.has_password = true;
    out.password = cursor.binary();
  }
}

}  // namespace

Result<void, ReasonCode> decode_connect(const Frame& frame, const DecodeLimits& limits, ConnectView& out) {
  Cursor cursor(frame.body);
  if (auto read = read_protocol(cursor, out); !read) return read;
  const std::uint8_t flags = cursor.u8();
  out.keep_alive_s = cursor.u16();
  if (!cursor.ok() || frame.flags != 0 || !flags_are_valid(flags, out.version)) return malformed();
  out.clean_start = (flags & kCleanStartFlag) != 0;
  if (out.version == Version::v5) {
    auto read = read_properties(cursor, PropertySet::connect, limits.properties_max, out.properties);
    if (!read) return read;
  }
  out.client_id = cursor.text();
  if (!cursor.ok()) return malformed();
  if ((flags & kWillFlag) != 0) {
    if (auto read = read_will(cursor, flags, limits, out); !read) return read;
  }
  read_login(cursor, flags, out);
  if (!cursor.ok() || !cursor.at_end()) return malformed();
  const PropertiesView& properties = out.properties;
  if (properties.has(PropertyId::authentication_data) && !properties.has(PropertyId::authentication_method)) {
    return Failure{ReasonCode::protocol_error};
  }
  return {};
}

}  // namespace tombo::mqtt
