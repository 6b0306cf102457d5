#include "mqtt/cursor.hpp"
#include "mqtt/decode.hpp"

namespace tombo::mqtt {
namespace {

/// A client may change its session's expiry, a server may name another server.  [MQTT-3.14.2-2]
bool belongs_to(Sender sender, const PropertiesView& properties) {
  return !properties.has(sender == Sender::client ? PropertyId::server_reference
                                                  : PropertyId::session_expiry_interval);
}

}  // namespace

Result<void, ReasonCode> decode_disconnect(const Frame& frame, Version version, const DecodeLimits& limits,
                                           DisconnectView& out, Sender sender) {
  if (frame.flags != 0) return Failure{ReasonCode::malformed_packet};  // [MQTT-3.14.1-1]
  if (frame.body.empty()) return {};
  if (version != Version::v5) return Failure{ReasonCode::malformed_packet};
  Cursor cursor(frame.body);
  out.reason = static_cast<ReasonCode>(cursor.u8());
  if (!cursor.at_end()) {
    auto read = read_properties(cursor, PropertySet::disconnect, limits.properties_max, out.properties);
    if (!read) return read;
    if (!cursor.at_end()) return Failure{ReasonCode::malformed_packet};
  }
  if (!may_carry(PacketType::disconnect, out.reason, sender)) return Failure{ReasonCode::protocol_error};
  if (!belongs_to(sender, out.properties)) return Failure{ReasonCode::protocol_error};
  return {};
}

}  // namespace tombo::mqtt
