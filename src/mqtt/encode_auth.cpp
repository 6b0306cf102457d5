#include "mqtt/diagnostics.hpp"
#include "mqtt/encode.hpp"

namespace tombo::mqtt {

void encode_auth(WriteBatch& out, const PeerFormat& peer, ReasonCode reason, std::string_view method,
                 Bytes data, const Diagnostics& wanted) {
  if (peer.version != Version::v5) return;
  constexpr std::size_t kFixed = 1;
  PropertyWriter properties;
  properties.text(PropertyId::authentication_method, method);
  if (!data.empty()) properties.binary(PropertyId::authentication_data, data);
  const auto diagnostics = fit(wanted, peer.packet_max, kFixed, properties.bytes().size());
  if (!diagnostics) return;
  const std::size_t section = properties.bytes().size() + size_of(*diagnostics);
  const std::size_t remaining = kFixed + section_size(section);
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::auth, 0, remaining);
  writer.u8(static_cast<unsigned>(reason));
  writer.varint(section);
  writer.bytes(properties.bytes());
  write(writer, *diagnostics);
}

}  // namespace tombo::mqtt
