#include "mqtt/framer.hpp"

namespace tombo::mqtt {
namespace {

FrameResult refuse(ReasonCode reason) {
  FrameResult result;
  result.status = FrameStatus::refused;
  result.reason = reason;
  return result;
}

FrameResult wait_for(std::size_t needed) {
  FrameResult result;
  result.needed = needed;
  return result;
}

}  // namespace

FrameResult next_frame_general(Bytes bytes, std::size_t packet_max) {
  std::size_t remaining = 0;
  std::size_t header = 1;
  while (true) {
    if (header == kFixedHeaderMax) return refuse(ReasonCode::malformed_packet);
    if (header >= bytes.size()) return wait_for(0);
    const std::uint8_t byte = bytes[header];
    remaining |= static_cast<std::size_t>(byte & 0x7F) << (7 * (header - 1));
    ++header;
    if (byte >= 0x80) continue;
    if (byte == 0 && header > 2) return refuse(ReasonCode::malformed_packet);  // padded
    break;
  }
  const std::size_t size = header + remaining;
  if (size > packet_max) return refuse(ReasonCode::packet_too_large);
  if (size > bytes.size()) return wait_for(size);
  FrameResult result;
  result.status = FrameStatus::complete;
  result.frame = {static_cast<PacketType>(bytes[0] >> 4), static_cast<std::uint8_t>(bytes[0] & 0x0F),
                  bytes.subspan(header, remaining), size};
  return result;
}

}  // namespace tombo::mqtt
