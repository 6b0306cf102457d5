#pragma once

#include "filter/byte_filter.hpp"

#include <algorithm>

namespace tombo::filter {

/// Longest piece that is copied at once.  For much longer ones memmove() takes the processor's string copy, which is fifteen
/// times as slow where the target lies a few bytes behind the source within its page; a frame's head does just that to two
/// buffers that begin with their pages.
inline constexpr std::size_t kCopyPiece = 1024;

/// Makes room for so many bytes more, growing as a vector does by itself.
inline void make_room(Sink& sink, std::size_t more) {
  const std::size_t needed = sink.size() + more;
  if (needed > sink.capacity()) sink.reserve(std::max(needed, 2 * sink.capacity()));
}

/// Appends bytes piece by piece; `then` is called with where each piece now stands and its size.
template <class Then>
void append_pieces(Sink& sink, Bytes bytes, Then then) {
  make_room(sink, bytes.size());
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), kCopyPiece));
    sink.insert(sink.end(), piece.begin(), piece.end());
    then(sink.data() + sink.size() - piece.size(), piece.size());
    bytes = bytes.subspan(piece.size());
  }
}
inline void append(Sink& sink, Bytes bytes) {
  append_pieces(sink, bytes, [](std::uint8_t*, std::size_t) {});
}

}  // namespace tombo::filter
