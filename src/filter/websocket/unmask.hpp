#pragma once

#include "filter/append.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace tombo::filter {

using MaskKey = std::array<std::uint8_t, 4>;

/// Appends `masked` to `sink` with its mask taken off.  `offset`: where in the frame's payload it begins.
inline void append_unmasked(Bytes masked, const MaskKey& key, std::uint64_t offset, Sink& sink) {
  std::array<std::uint8_t, 8> turned;
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % key.size()];
  std::uint64_t eight;
  std::memcpy(&eight, turned.data(), sizeof eight);
  static_assert(kCopyPiece % sizeof eight == 0, "each piece begins with the key's first byte");

  // Copied first and unmasked in place, which is as fast as the copy alone: a vector grows only by writing.
  append_pieces(sink, masked, [&](std::uint8_t* out, std::size_t size) {
    std::size_t at = 0;
    for (; at + sizeof eight <= size; at += sizeof eight) {
      std::uint64_t word;
      std::memcpy(&word, out + at, sizeof word);
      word ^= eight;
      std::memcpy(out + at, &word, sizeof word);
    }
    for (; at < size; ++at) out[at] = static_cast<std::uint8_t>(out[at] ^ turned[at % turned.size()]);
  });
}

}  // namespace tombo::filter
