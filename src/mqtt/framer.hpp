#pragma once

#include "mqtt/reason_code.hpp"
#include "mqtt/types.hpp"

namespace tombo::mqtt {

/// One whole packet in a buffer: borrowed.
struct Frame {
  PacketType type = PacketType::reserved;
  std::uint8_t flags = 0;   // low nibble of the first byte
  Bytes body;               // what follows the Remaining Length
  std::size_t size = 0;     // of the whole packet
};

enum class FrameStatus : std::uint8_t { complete, incomplete, refused };

struct FrameResult {
  FrameStatus status = FrameStatus::incomplete;
  Frame frame;                                 // if complete
  ReasonCode reason = ReasonCode::success;     // if refused: malformed_packet or packet_too_large
  std::size_t needed = 0;                      // if incomplete: size of the whole packet as claimed, 0 if not known yet
};

/// Finds the first packet in `bytes`.  Judges the Remaining Length as soon as it is there, before the packet is:
/// a packet longer than `packet_max` bytes in all is refused at once, a length of more than four bytes is malformed.
/// A padded length is malformed, too.  [MQTT-1.5.5-1, MQTT-2.1.3-1 is the decoders' business]
FrameResult next_frame(Bytes bytes, std::size_t packet_max);

}  // namespace tombo::mqtt
