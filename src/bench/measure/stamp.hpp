#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tombo::bench {

/// What stands at the front of every payload: which stream, which message of it, when it was due or sent, and a
/// checksum over these and over the payload's length, so that a corrupted message shows.  Big-endian on the wire:
/// time (8 bytes first, so that an MQTTLoader subscriber could read it), stream (4), sequence (8), checksum (4).
struct Stamp {
  std::int64_t time_us = 0;  // since 1970
  std::uint32_t stream = 0;
  std::uint64_t sequence = 0;  // from 0
};
inline constexpr std::size_t kStampBytes = 24;
inline constexpr std::size_t kTimeBytes = 8;  // what MQTTLoader's payloads begin with

/// `payload` is the whole payload, at least kStampBytes.
void write_stamp(std::span<std::uint8_t> payload, const Stamp& stamp);
/// Nothing when the payload is too short or its checksum is wrong.
std::optional<Stamp> read_stamp(std::span<const std::uint8_t> payload);

/// Only the time (Payload::Mark::time_only); `payload` is at least kTimeBytes.
void write_time(std::span<std::uint8_t> payload, std::int64_t time_us);
/// Nothing when the payload is too short.
std::optional<std::int64_t> read_time(std::span<const std::uint8_t> payload);

}  // namespace tombo::bench
