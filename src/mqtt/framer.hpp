#pragma once

#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

namespace tombo::mqtt {

/// One whole packet in a buffer: borrowed.
struct Frame {
  PacketType type = PacketType::reserved;
  std::uint8_t flags = 0;  // low nibble of the first byte
  Bytes body;              // what follows the Remaining Length
  std::size_t size = 0;    // of the whole packet
};

enum class FrameStatus : std::uint8_t { complete, incomplete, refused };

struct FrameResult {
  FrameStatus status = FrameStatus::incomplete;
  Frame frame;                              // if complete
  ReasonCode reason = ReasonCode::success;  // if refused: malformed_packet or packet_too_large
  std::size_t needed = 0;  // if incomplete: size of the whole packet as claimed, 0 if not known yet
};

/// Finds the first packet in `bytes`.  Judges the Remaining Length as soon as it is there, before the packet
/// is: a packet longer than `packet_max` bytes in all is refused at once, a length of more than four bytes is
/// malformed. A padded length is malformed, too.  [MQTT-1.5.5-1, MQTT-2.1.3-1 is the decoders' business]
FrameResult next_frame(Bytes bytes, std::size_t packet_max);

/// The unusual cases of next_frame().
FrameResult next_frame_general(Bytes bytes, std::size_t packet_max);

inline FrameResult next_frame(Bytes bytes, std::size_t packet_max) {
  // A whole packet with a length of one byte.
  if (bytes.size() >= 2 && bytes[1] < 0x80) [[likely]] {
    const std::size_t size = std::size_t{2} + bytes[1];
    if (size <= bytes.size() && size <= packet_max) [[likely]] {
      return {FrameStatus::complete,
              {static_cast<PacketType>(bytes[0] >> 4), static_cast<std::uint8_t>(bytes[0] & 0x0F),
               bytes.subspan(2, size - 2), size},
              ReasonCode::success,
              0};
    }
  }
  return next_frame_general(bytes, packet_max);
}

}  // namespace tombo::mqtt
