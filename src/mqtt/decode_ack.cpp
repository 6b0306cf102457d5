#include "mqtt/cursor.hpp"
#include "mqtt/decode.hpp"

namespace tombo::mqtt {
namespace {

/// Only PUBREL has flags, and at 3.1 a resent one has DUP, too.  [MQTT-3.6.1-1]
bool flags_are_valid(const Frame& frame, Version version) {
  if (frame.type != PacketType::pubrel) return frame.flags == 0;
  return frame.flags == 0x02 || (version == Version::v3_1 && frame.flags == 0x0A);
}

PropertySet property_set(PacketType type) {
  switch (type) {
    case PacketType::puback:
      return PropertySet::puback;
    case PacketType::pubrec:
      return PropertySet::pubrec;
    case PacketType::pubrel:
      return PropertySet::pubrel;
    default:
      return PropertySet::pubcomp;
  }
}

Result<void, ReasonCode> read_reason(Cursor& cursor, const Frame& frame, const DecodeLimits& limits,
                                     Sender sender, AckView& out) {
  out.reason = static_cast<ReasonCode>(cursor.u8());
  if (!cursor.at_end()) {
    auto read = read_properties(cursor, property_set(frame.type), limits.properties_max, out.properties);
    if (!read) return read;
    if (!cursor.at_end()) return Failure{ReasonCode::malformed_packet};
  }
  if (!may_carry(frame.type, out.reason, sender)) return Failure{ReasonCode::protocol_error};
  return {};
}

}  // namespace

Result<void, ReasonCode> decode_ack(const Frame& frame, Version version, const DecodeLimits& limits,
                                    AckView& out, Sender sender) {
  if (!flags_are_valid(frame, version)) return Failure{ReasonCode::malformed_packet};
  Cursor cursor(frame.body);
  out.packet_id = cursor.u16();
  out.reason = ReasonCode::success;
  out.properties.reset();
  if (!cursor.ok()) return Failure{ReasonCode::malformed_packet};
  if (out.packet_id == 0) return Failure{ReasonCode::protocol_error};
  if (cursor.at_end()) [[likely]]
    return {};
  if (version != Version::v5) return Failure{ReasonCode::malformed_packet};
  return read_reason(cursor, frame, limits, sender, out);
}

}  // namespace tombo::mqtt
