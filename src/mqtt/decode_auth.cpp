#include "mqtt/cursor.hpp"
#include "mqtt/decode.hpp"

namespace tombo::mqtt {

Result<void, ReasonCode> decode_auth(const Frame& frame, const DecodeLimits& limits, AuthView& out,
                                     Sender sender) {
  if (frame.flags != 0) return Failure{ReasonCode::malformed_packet};  // [MQTT-3.15.1-1]
  // Stands for success without properties, which names no method and is not a client's to say.
  if (frame.body.empty()) return Failure{ReasonCode::protocol_error};
  Cursor cursor(frame.body);
  out.reason = static_cast<ReasonCode>(cursor.u8());
  if (!may_carry(PacketType::auth, out.reason, sender)) return Failure{ReasonCode::protocol_error};
  auto read = read_properties(cursor, PropertySet::auth, limits.properties_max, out.properties);
  if (!read) return read;
  if (!cursor.at_end()) return Failure{ReasonCode::malformed_packet};
  if (!out.properties.has(PropertyId::authentication_method)) return Failure{ReasonCode::protocol_error};
  return {};
}

}  // namespace tombo::mqtt
