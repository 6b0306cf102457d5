#include "filter/websocket/frames.hpp"

#include <algorithm>
#include <cstring>

namespace tombo::filter {

namespace {
/// Pings of one receive that are answered one by one; of more only the last is, as RFC 6455, 5.5.3 allows.
constexpr std::uint8_t kPongsPerReceive = 16;
/// Longest frame that is sent; what is longer becomes several messages, which MQTT does not mind.  [MQTT-6.0.0-2]
constexpr std::size_t kFrameBytesMax = 0xFFFF;
/// From this size on the rest of a frame's payload is worth reading without the library.
constexpr std::uint64_t kTakeOverMin = 64;

/// Whether a peer may send this code in a close frame.  (RFC 6455, 7.4)
bool is_close_code(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
}  // namespace

bool Frames::receive(Bytes bytes, Sink& inward, Sink& outward) {
  if (!why_.empty()) return false;
  pongs_left_ = kPongsPerReceive;
  has_late_ping_ = false;
  // Behind a close frame there is nothing to be read.
  while (!close_sent_) {
    if (rest_ != 0) take_rest(bytes, inward);
    if (!in_message_ && library_.remembers_nothing()) take_plain_frames(bytes, inward);
    if (bytes.empty()) break;
    if (!read_on(bytes, inward, outward)) return false;
  }
  if (has_late_ping_ && !close_sent_ && !library_.write(WSLAY_PONG, Bytes(late_ping_).first(late_ping_size_), outward))
    return false;
  library_.rest();
  return true;
}

void Frames::take_rest(Bytes& bytes, Sink& inward) {
  const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(rest_, bytes.size()));
  append_unmasked(bytes.first(here), key_, rest_offset_, inward);
  rest_ -= here;
  rest_offset_ += here;
  bytes = bytes.subspan(here);
}

/// Takes whole frames that are final, binary, masked and shorter than 126 bytes, as long as there is no other.
void Frames::take_plain_frames(Bytes& bytes, Sink& inward) {
  constexpr std::uint8_t kFinalBinary = 0x80 | WSLAY_BINARY_FRAME;
  constexpr std::size_t kHead = 6;
  while (rest_ == 0 && bytes.size() >= kHead && bytes[0] == kFinalBinary && bytes[1] >= 0x80 && bytes[1] < 0x80 + 126) {
    const std::size_t size = bytes[1] - 0x80U;
    if (bytes.size() - kHead < size) return;
    std::memcpy(key_.data(), bytes.data() + 2, key_.size());
    append_unmasked(bytes.subspan(kHead, size), key_, 0, inward);
    bytes = bytes.subspan(kHead + size);
  }
}

/// Lets the library read until a message has ended, a large frame's rest begins, a close frame has come or nothing is left.
bool Frames::read_on(Bytes& bytes, Sink& inward, Sink& outward) {
  const Bytes all = bytes;
  wslay_frame_iocb piece{};
  while (!close_sent_ && rest_ == 0) {
    const auto result = library_.read(bytes, piece);
    if (result == FrameLibrary::Read::more) {
      if (bytes.empty()) return true;
      continue;
    }
    if (result == FrameLibrary::Read::broken)
      return fail(WSLAY_CODE_PROTOCOL_ERROR, "WebSocket: malformed frame", outward);
    if (!in_frame_ && !begin(piece, outward)) return false;
    in_frame_ = !library_.between_frames();
    if (wslay_is_ctrl_frame(piece.opcode)) {
      std::copy_n(piece.data, piece.data_length, control_.data() + control_size_);
      control_size_ = static_cast<std::uint8_t>(control_size_ + piece.data_length);
      if (!in_frame_ && !end_control(piece.opcode, outward)) return false;
      continue;
    }
    inward.insert(inward.end(), piece.data, piece.data + piece.data_length);
    if (library_.frame_left() >= kTakeOverMin) take_over(piece, all.first(all.size() - bytes.size()));
    if (!in_frame_ && !in_message_) return true;
  }
  return true;
}

/// Judges a frame's head.
bool Frames::begin(const wslay_frame_iocb& head, Sink& outward) {
  if (head.rsv != 0) return fail(WSLAY_CODE_PROTOCOL_ERROR, "WebSocket: reserved bits are set", outward);
  if (head.mask == 0) return fail(WSLAY_CODE_PROTOCOL_ERROR, "WebSocket: a frame is not masked", outward);
  switch (head.opcode) {
    case WSLAY_CONTINUATION_FRAME:
    case WSLAY_BINARY_FRAME:
      return begin_data(head, outward);
    case WSLAY_TEXT_FRAME:
      return fail(WSLAY_CODE_UNSUPPORTED_DATA, "WebSocket: a text frame, where MQTT is binary", outward);
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
      control_size_ = 0;  // the library has refused those of more than 125 bytes or in fragments
      return true;
    default:
      return fail(WSLAY_CODE_PROTOCOL_ERROR, "WebSocket: reserved opcode", outward);
  }
}

bool Frames::begin_data(const wslay_frame_iocb& head, Sink& outward) {
  const bool continues = head.opcode == WSLAY_CONTINUATION_FRAME;
  if (continues && !in_message_)
    return fail(WSLAY_CODE_PROTOCOL_ERROR, "WebSocket: a continuation of nothing", outward);
  if (!continues && in_message_)
    return fail(WSLAY_CODE_PROTOCOL_ERROR, "WebSocket: a message within a message", outward);
  in_message_ = head.fin == 0;
  return true;
}

/// Reads the rest of a frame without the library.  The library gives pieces, not the key; but as long as a frame's payload
/// is not all there, a piece is what the last bytes that it took became, and both together tell the key.
void Frames::take_over(const wslay_frame_iocb& piece, Bytes taken) {
  if (piece.data_length < key_.size() || piece.data_length > taken.size()) return;
  const Bytes masked = taken.last(piece.data_length);
  rest_ = library_.frame_left();
  rest_offset_ = piece.payload_length - rest_;
  const std::uint64_t begin = rest_offset_ - piece.data_length;
  for (std::size_t i = 0; i < key_.size(); ++i) {
    key_[(begin + i) % key_.size()] = static_cast<std::uint8_t>(masked[i] ^ piece.data[i]);
  }
  library_.forget_frame();
  in_frame_ = false;
}

bool Frames::end_control(std::uint8_t opcode, Sink& outward) {
  if (opcode == WSLAY_CONNECTION_CLOSE) return answer_close(outward);
  if (opcode == WSLAY_PING) answer_ping(outward);
  return true;  // a pong answers nothing that was asked
}

void Frames::answer_ping(Sink& outward) {
  if (pongs_left_ != 0) {
    --pongs_left_;
    library_.write(WSLAY_PONG, Bytes(control_).first(control_size_), outward);
    return;
  }
  has_late_ping_ = true;
  late_ping_ = control_;
  late_ping_size_ = control_size_;
}

/// Answers with the peer's own code.
bool Frames::answer_close(Sink& outward) {
  if (control_size_ == 0) {
    close_received_ = close_sent_ = true;
    return library_.write(WSLAY_CONNECTION_CLOSE, {}, outward);
  }
  const unsigned code = control_size_ < 2 ? 0U : static_cast<unsigned>(control_[0]) << 8 | control_[1];
  if (!is_close_code(code))
    return fail(WSLAY_CODE_PROTOCOL_ERROR, "WebSocket: a close frame without a valid code", outward);
  close_received_ = true;
  return say_close(static_cast<std::uint16_t>(code), outward);
}

bool Frames::say_close(std::uint16_t code, Sink& outward) {
  close_sent_ = true;
  const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(code >> 8), static_cast<std::uint8_t>(code & 0xFF)};
  return library_.write(WSLAY_CONNECTION_CLOSE, bytes, outward);
}

bool Frames::fail(std::uint16_t code, std::string_view why, Sink& outward) {
  why_ = why;
  if (!close_sent_) say_close(code, outward);
  return false;
}

bool Frames::send(Bytes bytes, Sink& outward) {
  while (!bytes.empty()) {
    const Bytes frame = bytes.first(std::min(bytes.size(), kFrameBytesMax));
    if (!library_.write(WSLAY_BINARY_FRAME, frame, outward)) {
      why_ = "WebSocket: no memory for a frame";
      return false;
    }
    bytes = bytes.subspan(frame.size());
  }
  library_.rest();
  return true;
}

void Frames::close(Sink& outward) {
  if (close_sent_) return;
  say_close(WSLAY_CODE_NORMAL_CLOSURE, outward);
  library_.rest();
}

}  // namespace tombo::filter
