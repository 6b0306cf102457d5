#pragma once

#include "filter/byte_filter.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tombo::filter {

/// memcpy() in pieces for which no C library takes `rep movsb`: that is four times slower where both ends lie at nearly
/// the same place in their pages, which is the rule with mimalloc, whose larger blocks all begin with a page.
inline constexpr std::size_t kCopyPieceBytes = 4'096;

inline void copy(std::uint8_t* into, const std::uint8_t* from, std::size_t size) {
  for (std::size_t at = 0; at < size; at += kCopyPieceBytes) {
    std::memcpy(into + at, from + at, std::min(kCopyPieceBytes, size - at));
  }
}

inline void append(Sink& sink, const std::uint8_t* from, std::size_t size) {
  if (sink.capacity() - sink.size() < size) sink.reserve(std::max(sink.size() + size, 2 * sink.capacity()));
  for (std::size_t at = 0; at < size; at += kCopyPieceBytes) {
    sink.insert(sink.end(), from + at, from + at + std::min(kCopyPieceBytes, size - at));
  }
}

/// Whether a library that copies `size` bytes from here to the beginning of a page would be slow.
inline bool begins_page(const std::uint8_t* from, std::size_t size) {
  return size > kCopyPieceBytes && reinterpret_cast<std::uintptr_t>(from) % 4'096 < 32;
}

}  // namespace tombo::filter
