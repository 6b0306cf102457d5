#pragma once

#include "filter/byte_filter.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

#include <wslay/wslay.h>

namespace tombo::filter {

/// wslay's reader and writer of frames, which has 4 KB: made when there is something to read or write and let go by rest(),
/// so that an idle connection is small.  Making one costs less than a tenth of what a receive costs.
/// Lives on: one shard.
class FrameLibrary {
 public:
  enum class Read : std::uint8_t { piece, more, broken };

  FrameLibrary() = default;
  FrameLibrary(const FrameLibrary&) = delete;
  FrameLibrary& operator=(const FrameLibrary&) = delete;

  /// The next piece of a frame, which tells the frame's head each time; moves `bytes` forward.  A frame without payload is
  /// one empty piece.  What `piece` points to is valid until the next call.  `more` may come with bytes left: it takes few
  /// at a time, and none that stand behind the frame.
  Read read(Bytes& bytes, wslay_frame_iocb& piece);
  /// Whether the last piece was its frame's last.
  bool between_frames() const { return frame_left_ == 0; }
  /// Payload of the frame that is still to come.
  std::uint64_t frame_left() const { return frame_left_; }
  /// Forgets the frame of which it has read a piece, but not all: somebody else takes the rest of its payload.
  void forget_frame();

  /// Nothing was taken that was not given back as a piece of a frame that is whole.
  bool remembers_nothing() const { return unread_ == 0 && frame_left_ == 0; }

  /// Appends a whole frame, unmasked.  False only if memory has run out.
  bool write(std::uint8_t opcode, Bytes payload, Sink& outward);
  /// Lets memory go if nothing is remembered.
  void rest();
  std::size_t memory() const;

 private:
  struct Free {
    void operator()(wslay_frame_context* context) const { wslay_frame_context_free(context); }
  };
  /// What the library's callbacks use during a call.
  struct Loan {
    Bytes in;
    Sink* out = nullptr;
  };

  static ssize_t on_read(std::uint8_t* room, std::size_t size, int flags, void* loan);
  static ssize_t on_write(const std::uint8_t* data, std::size_t size, int flags, void* loan);
  bool ensure();

  Loan loan_;
  std::unique_ptr<wslay_frame_context, Free> context_;
  std::uint64_t frame_left_ = 0;
  std::size_t unread_ = 0;  // bytes of a head that the library has taken and not told of yet
};

}  // namespace tombo::filter
