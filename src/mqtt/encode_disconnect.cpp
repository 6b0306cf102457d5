#include "mqtt/diagnostics.hpp"
#include "mqtt/encode.hpp"

namespace tombo::mqtt {

void encode_disconnect(WriteBatch& out, const PeerFormat& peer, ReasonCode reason,
                       std::string_view server_reference, const Diagnostics& wanted) {
  if (peer.version != Version::v5) return;
  constexpr std::size_t kFixed = 1;
  const std::size_t reference = server_reference.empty() ? 0 : 3 + server_reference.size();
  const auto fitting = fit(wanted, peer.packet_max, kFixed, reference);
  // Without room for its properties the reason alone is still worth telling.
  const std::size_t section = fitting ? reference + size_of(*fitting) : 0;
  const std::size_t remaining = section == 0 ? kFixed : kFixed + section_size(section);
  if (packet_size(remaining) > peer.packet_max) return;
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::disconnect, 0, remaining);
  writer.u8(static_cast<unsigned>(reason));
  if (section == 0) return;
  writer.varint(section);
  if (reference != 0) {
    writer.property(PropertyId::server_reference);
    writer.text(server_reference);
  }
  write(writer, *fitting);
}

}  // namespace tombo::mqtt
