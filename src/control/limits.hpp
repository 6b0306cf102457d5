#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>

namespace tombo::control {

/// What the control socket allows.  Constants but for tests, which need to reach them.
struct Limits {
  std::size_t connections_max = 16;            // tomboctl processes at once; more are told and closed
  std::size_t request_bytes_max = 64 * 1024;   // one line
  std::size_t output_bytes = 256 * 1024;       // waiting for a reader; no further page is made before
  Milliseconds idle{60'000};                   // without a request or with half of one
  Milliseconds slow_reader{10'000};            // without taking a byte that waits
  Milliseconds answer{10'000};                 // of a shard
};

// What one letter to a shard may look at.  Measured: 35 ns for a session that is passed over, 130 ns for a row, 1.1 µs
// with the client's address; so a step is below 200 µs.
inline constexpr std::size_t kSlotsPerStep = 128;       // sessions
inline constexpr std::size_t kRecordsPerStep = 256;     // subscriptions
inline constexpr std::size_t kTrafficPerStep = 512;     // sessions of which two numbers are read
inline constexpr std::size_t kRetainedPerStep = 256;    // messages
inline constexpr std::size_t kNodesPerStep = 1000;      // levels of retained topics
inline constexpr std::size_t kHandlesPerStep = 64;      // sessions looked up one by one

inline constexpr std::uint64_t kRowsMax = 0xFFFF'FFFF;      // of a listing
inline constexpr std::uint64_t kSortedRowsMax = 10'000;     // of a listing that is sorted, and so kept meanwhile
inline constexpr std::size_t kRowsPerPage = 256;
inline constexpr std::size_t kPayloadMax = 1024 * 1024;     // shown of a retained message
inline constexpr Milliseconds kStoreWord{5'000};            // between two signs of life of a backup or a compaction
inline constexpr std::size_t kErrorTextMax = 200;           // of what a request said, in an answer

}  // namespace tombo::control
