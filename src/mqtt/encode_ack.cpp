#include "mqtt/diagnostics.hpp"
#include "mqtt/encode.hpp"

namespace tombo::mqtt {
namespace {

void encode_long_ack(WriteBatch& out, const PeerFormat& peer, PacketType type, PacketId id, ReasonCode reason,
                     const Diagnostics& wanted) {
  constexpr std::size_t kFixed = 3;  // packet identifier and reason
  const unsigned flags = type == PacketType::pubrel ? 0x02 : 0x00;
  const Diagnostics diagnostics = fit(wanted, peer.packet_max, kFixed, 0).value_or(Diagnostics{});
  const std::size_t section = size_of(diagnostics);
  const std::size_t remaining = section == 0 ? kFixed : kFixed + section_size(section);
  if (packet_size(remaining) > peer.packet_max) return;
  RawWriter writer(out.extend(packet_size(remaining)));
  writer.head(type, flags, remaining);
  writer.u16(id);
  writer.u8(static_cast<unsigned>(reason));
  if (section == 0) return;
  writer.varint(section);
  write(writer, diagnostics);
}

}  // namespace

void encode_ack(WriteBatch& out, const PeerFormat& peer, PacketType type, PacketId id, ReasonCode reason,
                const Diagnostics& diagnostics) {
  constexpr std::size_t kShort = 4;
  const bool nothing_to_tell = reason == ReasonCode::success && diagnostics.reason_string.empty() &&
                               diagnostics.user_properties.empty();
  if (peer.version == Version::v5 && !nothing_to_tell) {
    return encode_long_ack(out, peer, type, id, reason, diagnostics);
  }
  if (peer.packet_max < kShort) return;
  RawWriter writer(out.extend(kShort));
  writer.head(type, type == PacketType::pubrel ? 0x02 : 0x00, 2);
  writer.u16(id);
}

}  // namespace tombo::mqtt
