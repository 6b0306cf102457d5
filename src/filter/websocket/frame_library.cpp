#include "filter/websocket/frame_library.hpp"

#include "filter/append.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tombo::filter {

namespace {
/// Payload that the library takes at once.  It copies and unmasks byte by byte, which is fine for small frames.
constexpr std::size_t kTakenAtOnce = 64;
constexpr std::size_t kHeadMin = 6;  // of a masked frame
constexpr std::size_t kHeadMax = 14;
constexpr std::size_t kMaskBytes = 4;
/// As malloc_usable_size() says.
constexpr std::size_t kContextBytes = 4264;

/// Bytes of a frame's head.  The library refuses lengths that are written with more bytes than they need.
std::size_t head_bytes(const wslay_frame_iocb& frame) {
  const std::size_t length = frame.payload_length < 126 ? 0 : frame.payload_length <= 0xFFFF ? 2 : 8;
  return 2 + length + (frame.mask != 0 ? kMaskBytes : 0);
}
}  // namespace

ssize_t FrameLibrary::on_read(std::uint8_t* room, std::size_t size, int, void* loan) {
  Bytes& in = static_cast<Loan*>(loan)->in;
  const std::size_t taken = std::min(in.size(), size);
  if (taken == 0) return -1;  // there is no more at the moment
  std::memcpy(room, in.data(), taken);
  in = in.subspan(taken);
  return static_cast<ssize_t>(taken);
}

ssize_t FrameLibrary::on_write(const std::uint8_t* data, std::size_t size, int, void* loan) {
  // write() has made room: nothing is thrown through the library.
  Sink& out = *static_cast<Loan*>(loan)->out;
  append(out, {data, size});
  return static_cast<ssize_t>(size);
}

bool FrameLibrary::ensure() {
  if (context_) return true;
  constexpr wslay_frame_callbacks kCallbacks{on_write, on_read, nullptr};
  wslay_frame_context* made = nullptr;
  if (wslay_frame_context_init(&made, &kCallbacks, &loan_) != 0) return false;
  context_.reset(made);
  return true;
}

FrameLibrary::Read FrameLibrary::read(Bytes& bytes, wslay_frame_iocb& piece) {
  if (!ensure()) return Read::broken;
  const bool begins = frame_left_ == 0;
  // Never more than is this frame's for sure, so that what follows it can be read by others.
  const std::size_t wanted = !begins ? static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, kTakenAtOnce))
                             : unread_ < kHeadMin ? kHeadMin - unread_
                                                  : 1;
  const std::size_t offered = std::min(wanted, bytes.size());
  loan_.in = bytes.first(offered);
  const ssize_t got = wslay_frame_recv(context_.get(), &piece);
  const std::size_t taken = offered - std::exchange(loan_.in, {}).size();
  unread_ += taken;
  bytes = bytes.subspan(taken);
  if (got == WSLAY_ERR_WANT_READ) return Read::more;
  if (got < 0) return Read::broken;
  if (begins) {
    unread_ -= head_bytes(piece);
    frame_left_ = piece.payload_length;
  }
  unread_ -= piece.data_length;
  frame_left_ -= piece.data_length;
  return Read::piece;
}

void FrameLibrary::forget_frame() {
  context_.reset();
  frame_left_ = 0;
  unread_ = 0;
}

bool FrameLibrary::write(std::uint8_t opcode, Bytes payload, Sink& outward) {
  if (!ensure()) return false;
  make_room(outward, kHeadMax + payload.size());
  wslay_frame_iocb frame{};
  frame.fin = 1;
  frame.opcode = opcode;
  frame.payload_length = payload.size();
  frame.data = payload.data();
  frame.data_length = payload.size();
  loan_.out = &outward;
  const ssize_t sent = wslay_frame_send(context_.get(), &frame);
  loan_.out = nullptr;
  return sent == static_cast<ssize_t>(payload.size());
}

void FrameLibrary::rest() {
  if (remembers_nothing()) context_.reset();
}

std::size_t FrameLibrary::memory() const {
  return context_ ? kContextBytes : 0;
}

}  // namespace tombo::filter
