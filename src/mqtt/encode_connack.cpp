#include "mqtt/diagnostics.hpp"
#include "mqtt/encode.hpp"

namespace tombo::mqtt {
namespace {

using Id = PropertyId;

/// Collects the properties that are set; a CONNACK is rare enough to be built in a vector.
PropertyWriter properties_of(const ConnackOut& connack) {
  PropertyWriter properties;
  const auto number = [&](Id id, const auto& value) {
    if (value) properties.number(id, static_cast<std::uint32_t>(*value));
  };
  const auto text = [&](Id id, std::string_view value) {
    if (!value.empty()) properties.text(id, value);
  };
  number(Id::session_expiry_interval, connack.session_expiry_s);
  number(Id::receive_maximum, connack.receive_maximum);
  number(Id::maximum_qos, connack.maximum_qos);
  number(Id::retain_available, connack.retain_available);
  number(Id::maximum_packet_size, connack.maximum_packet_size);
  text(Id::assigned_client_identifier, connack.assigned_client_id);
  number(Id::topic_alias_maximum, connack.topic_alias_maximum);
  number(Id::wildcard_subscription_available, connack.wildcard_subscription_available);
  number(Id::subscription_identifier_available, connack.subscription_identifier_available);
  number(Id::shared_subscription_available, connack.shared_subscription_available);
  number(Id::server_keep_alive, connack.server_keep_alive_s);
  text(Id::response_information, connack.response_information);
  text(Id::server_reference, connack.server_reference);
  text(Id::authentication_method, connack.authentication_method);
  if (connack.authentication_data) properties.binary(Id::authentication_data, *connack.authentication_data);
  return properties;
}

bool encode_v3(WriteBatch& out, Version version, const ConnackOut& connack) {
  const ConnectReturnCode code = connect_return_code(connack.reason);
  if (!code.exists) return false;
  // At 3.1 the byte is reserved.  [3.1.1 MQTT-3.2.2-4: no session where refused]
  const bool present = connack.session_present && code.code == 0 && version == Version::v3_1_1;
  RawWriter writer(out.extend(4));
  writer.head(PacketType::connack, 0, 2);
  writer.u8(present ? 1 : 0);
  writer.u8(code.code);
  return true;
}

}  // namespace

bool encode_connack(WriteBatch& out, const PeerFormat& peer, const ConnackOut& connack) {
  if (peer.version != Version::v5) return encode_v3(out, peer.version, connack);
  const PropertyWriter properties = properties_of(connack);
  const std::size_t fixed = 2;
  const auto diagnostics = fit(connack.diagnostics, peer.packet_max, fixed, properties.bytes().size());
  if (!diagnostics) return false;
  const std::size_t section = properties.bytes().size() + size_of(*diagnostics);
  const std::size_t remaining = fixed + section_size(section);
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::connack, 0, remaining);
  writer.u8(connack.session_present && !is_error(connack.reason) ? 1 : 0);  // [MQTT-3.2.2-6]
  writer.u8(static_cast<unsigned>(connack.reason));
  writer.varint(section);
  writer.bytes(properties.bytes());
  write(writer, *diagnostics);
  return true;
}

}  // namespace tombo::mqtt
