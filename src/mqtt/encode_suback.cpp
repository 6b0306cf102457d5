#include "mqtt/diagnostics.hpp"
#include "mqtt/encode.hpp"

namespace tombo::mqtt {
namespace {

constexpr std::size_t kIdSize = 2;

/// SUBACK and UNSUBACK of 5.0 look alike.
void encode_v5(WriteBatch& out, const PeerFormat& peer, PacketType type, PacketId id,
               std::span<const ReasonCode> codes, const Diagnostics& wanted) {
  const std::size_t fixed = kIdSize + codes.size();
  const auto diagnostics = fit(wanted, peer.packet_max, fixed, 0);
  if (!diagnostics) return;
  const std::size_t section = size_of(*diagnostics);
  const std::size_t remaining = fixed + section_size(section);
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(type, 0, remaining);
  writer.u16(id);
  writer.varint(section);
  write(writer, *diagnostics);
  for (const ReasonCode code : codes) writer.u8(static_cast<unsigned>(code));
}

}  // namespace

void encode_suback(WriteBatch& out, const PeerFormat& peer, PacketId id, std::span<const ReasonCode> codes,
                   const Diagnostics& diagnostics) {
  if (peer.version == Version::v5) return encode_v5(out, peer, PacketType::suback, id, codes, diagnostics);
  const std::size_t remaining = kIdSize + codes.size();
  if (packet_size(remaining) > peer.packet_max) return;
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(PacketType::suback, 0, remaining);
  writer.u16(id);
  for (const ReasonCode code : codes) writer.u8(is_error(code) ? 0x80U : static_cast<unsigned>(code));
}

void encode_unsuback(WriteBatch& out, const PeerFormat& peer, PacketId id, std::span<const ReasonCode> codes,
                     const Diagnostics& diagnostics) {
  if (peer.version == Version::v5) return encode_v5(out, peer, PacketType::unsuback, id, codes, diagnostics);
  if (packet_size(kIdSize) > peer.packet_max) return;
  RawWriter writer(out.extend(packet_size(kIdSize)));
  writer.head(PacketType::unsuback, 0, kIdSize);
  writer.u16(id);
}

}  // namespace tombo::mqtt
