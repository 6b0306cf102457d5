#include "mqtt/cursor.hpp"
#include "mqtt/decode.hpp"

namespace tombo::mqtt {

Result<void, ReasonCode> decode_unsubscribe(const Frame& frame, Version version, const DecodeLimits& limits,
                                            UnsubscribeView& out) {
  // [MQTT-3.10.1-1]; at 3.1 a resent one has DUP, too.
  const bool flags_valid = frame.flags == 0x02 || (version == Version::v3_1 && frame.flags == 0x0A);
  Cursor cursor(frame.body);
  out.packet_id = cursor.u16();
  if (!flags_valid || !cursor.ok()) return Failure{ReasonCode::malformed_packet};
  if (out.packet_id == 0) return Failure{ReasonCode::protocol_error};
  if (version == Version::v5) {
    auto read = read_properties(cursor, PropertySet::unsubscribe, limits.properties_max, out.properties);
    if (!read) return read;
  }
  out.filters = cursor.rest();
  out.count = 0;
  while (!cursor.at_end()) {
    cursor.text();
    ++out.count;
  }
  if (!cursor.ok()) return Failure{ReasonCode::malformed_packet};
  if (out.count == 0) return Failure{ReasonCode::protocol_error};  // [MQTT-3.10.3-2]
  return {};
}

std::string_view next_filter(Bytes& filters) {
  const std::size_t size = std::size_t{filters[0]} << 8 | filters[1];
  const std::string_view filter = text_of(filters.subspan(2, size));
  filters = filters.subspan(2 + size);
  return filter;
}

}  // namespace tombo::mqtt
