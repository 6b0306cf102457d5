#pragma once

#include "filter/byte_filter.hpp"
#include "filter/websocket/frame_library.hpp"
#include "filter/websocket/unmask.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tombo::filter {

/// Frames after the handshake, the server's side.  wslay reads and writes heads and judges them; the payload of large frames
/// is unmasked here, and so are the frames that a busy client sends: short, whole, binary and there in one piece.  Those are
/// told by two bytes that allow no other reading, and the library would spend most of its time on unmasking them.
/// Lives on: one shard.
class Frames {
 public:
  /// As ByteFilter::receive().  [MQTT-6.0.0-1, MQTT-6.0.0-2]
  bool receive(Bytes bytes, Sink& inward, Sink& outward);
  bool send(Bytes bytes, Sink& outward);
  void close(Sink& outward);

  /// Nothing may be sent any more.
  bool closed() const { return close_sent_; }
  /// The peer has sent its close frame.
  bool ended() const { return close_received_; }
  std::string_view why() const { return why_; }
  std::size_t memory() const { return library_.memory(); }

 private:
  static constexpr std::size_t kControlMax = 125;

  void take_plain_frames(Bytes& bytes, Sink& inward);
  bool read_on(Bytes& bytes, Sink& inward, Sink& outward);
  void take_rest(Bytes& bytes, Sink& inward);
  bool begin(const wslay_frame_iocb& head, Sink& outward);
  bool begin_data(const wslay_frame_iocb& head, Sink& outward);
  void take_over(const wslay_frame_iocb& piece, Bytes bytes);
  bool end_control(std::uint8_t opcode, Sink& outward);
  void answer_ping(Sink& outward);
  bool answer_close(Sink& outward);
  bool say_close(std::uint16_t code, Sink& outward);
  bool fail(std::uint16_t code, std::string_view why, Sink& outward);

  FrameLibrary library_;
  std::string_view why_;
  std::uint64_t rest_ = 0;         // of a large frame's payload, which does not go through the library
  std::uint64_t rest_offset_ = 0;  // where in that payload the rest begins
  MaskKey key_{};
  bool in_frame_ = false;
  bool in_message_ = false;  // whose last frame has not begun
  bool close_sent_ = false;
  bool close_received_ = false;
  bool has_late_ping_ = false;
  std::uint8_t control_size_ = 0;
  std::uint8_t late_ping_size_ = 0;
  std::uint8_t pongs_left_ = 0;
  std::array<std::uint8_t, kControlMax> control_;    // payload of a control frame that is not whole yet
  std::array<std::uint8_t, kControlMax> late_ping_;  // the last of those beyond kPongsPerReceive
};

}  // namespace tombo::filter
