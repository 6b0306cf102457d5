#pragma once

#include "base/result.hpp"
#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace tombo::mqtt {

class Cursor;

enum class PropertyId : std::uint8_t {
  payload_format_indicator = 0x01,
  message_expiry_interval = 0x02,
  content_type = 0x03,
  response_topic = 0x08,
  correlation_data = 0x09,
  subscription_identifier = 0x0B,
  session_expiry_interval = 0x11,
  assigned_client_identifier = 0x12,
  server_keep_alive = 0x13,
  authentication_method = 0x15,
  authentication_data = 0x16,
  request_problem_information = 0x17,
  will_delay_interval = 0x18,
  request_response_information = 0x19,
  response_information = 0x1A,
  server_reference = 0x1C,
  reason_string = 0x1F,
  receive_maximum = 0x21,
  topic_alias_maximum = 0x22,
  topic_alias = 0x23,
  maximum_qos = 0x24,
  retain_available = 0x25,
  user_property = 0x26,
  maximum_packet_size = 0x27,
  wildcard_subscription_available = 0x28,
  subscription_identifier_available = 0x29,
  shared_subscription_available = 0x2A,
};

enum class PropertyType : std::uint8_t { byte, u16, u32, vbi, text, binary, pair };

/// The sets of properties: one a packet type, and the will's.
enum class PropertySet : std::uint8_t {
  connect,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  disconnect,
  auth,
  will,
};

/// One row of the table of properties (packets.md, section 4), the only place that knows them.
struct PropertyRule {
  PropertyId id;
  PropertyType type;
  std::uint16_t field;       // offset of its value in PropertiesView; unused for User Property
  std::uint32_t sets;        // bit per PropertySet in which it may appear at all
  std::uint32_t repeatable;  // bit per PropertySet in which it may appear more than once
  std::uint32_t minimum;     // of the value, numbers only
  std::uint32_t maximum;
  std::string_view name;
};
/// The row of an identifier, or null.
const PropertyRule* property_rule(std::uint32_t id);

/// The properties of one packet: borrowed from the packet's bytes, so valid as long as those are.
/// A field has a meaning only where has() says that it was there; absent numbers hold the standard's default.
struct PropertiesView {
  std::uint64_t present = 0;          // bit per PropertyId
  Bytes raw;                          // all properties, without the length in front
  std::uint16_t user_properties = 0;  // how many

  std::uint8_t payload_format_indicator = 0;
  std::uint8_t request_problem_information = 1;
  std::uint8_t request_response_information = 0;
  std::uint8_t maximum_qos = 2;
  std::uint8_t retain_available = 1;
  std::uint8_t wildcard_subscription_available = 1;
  std::uint8_t subscription_identifier_available = 1;
  std::uint8_t shared_subscription_available = 1;
  std::uint16_t server_keep_alive = 0;
  std::uint16_t receive_maximum = 65535;
  std::uint16_t topic_alias_maximum = 0;
  std::uint16_t topic_alias = 0;
  std::uint32_t message_expiry_interval = 0;
  std::uint32_t session_expiry_interval = 0;
  std::uint32_t will_delay_interval = 0;
  std::uint32_t maximum_packet_size = 0;
  std::uint32_t subscription_identifier = 0;  // the first one
  std::string_view content_type;
  std::string_view response_topic;
  std::string_view assigned_client_identifier;
  std::string_view authentication_method;
  std::string_view response_information;
  std::string_view server_reference;
  std::string_view reason_string;
  Bytes correlation_data;
  Bytes authentication_data;

  bool has(PropertyId id) const { return (present >> static_cast<unsigned>(id)) & 1U; }
  /// Makes the view fresh again; costs nothing where it is, so a reused view of packets without properties is
  /// cheap.
  void reset() {
    if (present != 0) *this = PropertiesView{};
  }
};

/// Reads a property section (length and properties) for `set` and checks it whole: known identifier, allowed
/// here, right type, not repeated, value in range, valid text.  `count_max` bounds the number of properties
/// of a packet (a limit of ours; beyond it: packet_too_large). Malformed: malformed_packet; a rule broken:
/// protocol_error (topic alias 0: topic_alias_invalid). `properties` is filled in place to spare copies; what
/// it held before is forgotten.
Result<void, ReasonCode> read_properties(Cursor& cursor, PropertySet set, std::uint32_t count_max,
                                         PropertiesView& properties);

/// Walks `raw`, which read_properties() has checked.
/// Calls visit(PropertyId, Bytes whole, Bytes value): `whole` includes the identifier; `value` does not.
template <class Visit>
void for_each_property(Bytes raw, Visit&& visit);

/// The subset of a PUBLISH's or a will's properties that goes to subscribers unchanged and in order:
/// 01 03 08 09 26.  [MQTT-3.3.2-4, -15..-18, -20]  Sizes first, so that the caller allocates once.
std::size_t forwarded_size(Bytes raw);
void copy_forwarded(Bytes raw, std::uint8_t* out);

/// Length in bytes of the property that begins at raw[0]; raw was checked.
std::size_t property_size(Bytes raw);

template <class Visit>
void for_each_property(Bytes raw, Visit&& visit) {
  while (!raw.empty()) {
    const std::size_t size = property_size(raw);
    visit(static_cast<PropertyId>(raw[0]), raw.first(size), raw.subspan(1, size - 1));
    raw = raw.subspan(size);
  }
}

}  // namespace tombo::mqtt
