#pragma once

#include <cstdint>

namespace tombo::routing {

using ShardId = std::uint8_t;
inline constexpr unsigned kShardsMax = 64;

/// A session as others may name it: valid only while the generation is that of the slot.
struct SessionHandle {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  ShardId shard = 0;
  friend bool operator==(const SessionHandle&, const SessionHandle&) = default;
};

/// A distinct topic filter; small numbers, used again after the filter has gone.
using FilterId = std::uint32_t;

}  // namespace tombo::routing
