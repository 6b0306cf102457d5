#pragma once

#include "filter/byte_filter.hpp"

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

  // Copied first, since a vector's bytes cannot be had without being written once anyway.
  const std::size_t before = sink.size();
  sink.insert(sink.end(), masked.begin(), masked.end());
  std::uint8_t* const out = sink.data() + before;
  std::size_t at = 0;
  for (; at + sizeof eight <= masked.size(); at += sizeof eight) {
    std::uint64_t word;
    std::memcpy(&word, out + at, sizeof word);
    word ^= eight;
    std::memcpy(out + at, &word, sizeof word);
  }
  for (; at < masked.size(); ++at) out[at] = static_cast<std::uint8_t>(out[at] ^ turned[at % turned.size()]);
}

}  // namespace tombo::filter
