#include "mqtt/cursor.hpp"
#include "mqtt/decode.hpp"

namespace tombo::mqtt {
namespace {

bool is_suback_code(std::uint8_t code, Version version) {
  switch (version) {
    case Version::v5:
      return may_carry(PacketType::suback, static_cast<ReasonCode>(code), Sender::server);
    case Version::v3_1_1:
      return code <= 2 || code == 0x80;
    case Version::v3_1:
      return code <= 2;
  }
  return false;
}

Result<void, ReasonCode> read_head(Cursor& cursor, const Frame& frame, Version version, PropertySet set,
                                   const DecodeLimits& limits, SubackView& out) {
  out.packet_id = cursor.u16();
  if (frame.flags != 0 || !cursor.ok()) return Failure{ReasonCode::malformed_packet};
  if (out.packet_id == 0) return Failure{ReasonCode::protocol_error};
  if (version == Version::v5) return read_properties(cursor, set, limits.properties_max, out.properties);
  return {};
}

}  // namespace

Result<void, ReasonCode> decode_connack(const Frame& frame, Version version, const DecodeLimits& limits,
                                        ConnackView& out) {
  Cursor cursor(frame.body);
  const std::uint8_t flags = cursor.u8();
  out.code = cursor.u8();
  if (frame.flags != 0 || !cursor.ok()) return Failure{ReasonCode::malformed_packet};
  // At 3.1 the byte is reserved and says nothing.
  if (version != Version::v3_1) {
    if (flags > 1) return Failure{ReasonCode::malformed_packet};  // [MQTT-3.2.2-1]
    out.session_present = flags == 1;
  }
  if (version == Version::v5) {
    auto read = read_properties(cursor, PropertySet::connack, limits.properties_max, out.properties);
    if (!read) return read;
    if (!may_carry(PacketType::connack, static_cast<ReasonCode>(out.code), Sender::server)) {
      return Failure{ReasonCode::protocol_error};
    }
  }
  if (!cursor.at_end()) return Failure{ReasonCode::malformed_packet};
  if (out.session_present && out.code != 0) return Failure{ReasonCode::protocol_error};  // [MQTT-3.2.2-6]
  return {};
}

Result<void, ReasonCode> decode_suback(const Frame& frame, Version version, const DecodeLimits& limits,
                                       SubackView& out) {
  Cursor cursor(frame.body);
  if (auto read = read_head(cursor, frame, version, PropertySet::suback, limits, out); !read) return read;
  out.codes = cursor.rest();
  if (out.codes.empty()) return Failure{ReasonCode::malformed_packet};
  for (const std::uint8_t code : out.codes) {
    if (!is_suback_code(code, version)) return Failure{ReasonCode::protocol_error};
  }
  return {};
}

Result<void, ReasonCode> decode_unsuback(const Frame& frame, Version version, const DecodeLimits& limits,
                                         SubackView& out) {
  Cursor cursor(frame.body);
  if (auto read = read_head(cursor, frame, version, PropertySet::unsuback, limits, out); !read) return read;
  out.codes = cursor.rest();
  // Before 5.0 there are no codes; since then there is one a filter.
  if (out.codes.empty() != (version != Version::v5)) return Failure{ReasonCode::malformed_packet};
  for (const std::uint8_t code : out.codes) {
    if (!may_carry(PacketType::unsuback, static_cast<ReasonCode>(code), Sender::server)) {
      return Failure{ReasonCode::protocol_error};
    }
  }
  return {};
}

}  // namespace tombo::mqtt
