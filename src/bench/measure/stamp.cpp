#include "bench/measure/stamp.hpp"

#include <bit>
#include <cstring>

namespace tombo::bench {

namespace {

constexpr std::size_t kStreamAt = 8;
constexpr std::size_t kSequenceAt = 12;
constexpr std::size_t kChecksumAt = 20;

constexpr std::uint32_t big_endian(std::uint32_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}
constexpr std::uint64_t big_endian(std::uint64_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

template <class Number>
void put(std::uint8_t* at, Number value) {
  value = big_endian(value);
  std::memcpy(at, &value, sizeof value);
}

template <class Number>
Number get(const std::uint8_t* at) {
  Number value;
  std::memcpy(&value, at, sizeof value);
  return big_endian(value);
}

/// Each step is a bijection of what was mixed so far: two stamps that differ in one field can only meet by the final
/// cut to 32 bits.
constexpr std::uint64_t mixed(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * 0x9E37'79B9'7F4A'7C15;
  return state ^ (state >> 29);
}

std::uint32_t checksum_of(const Stamp& stamp, std::size_t size) {
  std::uint64_t state = mixed(0x746F'6D62'6F21'0001, static_cast<std::uint64_t>(stamp.time_us));
  state = mixed(state, (std::uint64_t{stamp.stream} << 32) | (size & 0xFFFF'FFFF));
  state = mixed(state, stamp.sequence);
  return static_cast<std::uint32_t>(state >> 32);
}

}  // namespace

void write_stamp(std::span<std::uint8_t> payload, const Stamp& stamp) {
  put(payload.data(), static_cast<std::uint64_t>(stamp.time_us));
  put(payload.data() + kStreamAt, stamp.stream);
  put(payload.data() + kSequenceAt, stamp.sequence);
  put(payload.data() + kChecksumAt, checksum_of(stamp, payload.size()));
}

std::optional<Stamp> read_stamp(std::span<const std::uint8_t> payload) {
  if (payload.size() < kStampBytes) return std::nullopt;
  Stamp stamp;
  stamp.time_us = static_cast<std::int64_t>(get<std::uint64_t>(payload.data()));
  stamp.stream = get<std::uint32_t>(payload.data() + kStreamAt);
  stamp.sequence = get<std::uint64_t>(payload.data() + kSequenceAt);
  if (get<std::uint32_t>(payload.data() + kChecksumAt) != checksum_of(stamp, payload.size())) return std::nullopt;
  return stamp;
}

void write_time(std::span<std::uint8_t> payload, std::int64_t time_us) {
  put(payload.data(), static_cast<std::uint64_t>(time_us));
}

std::optional<std::int64_t> read_time(std::span<const std::uint8_t> payload) {
  if (payload.size() < kTimeBytes) return std::nullopt;
  return static_cast<std::int64_t>(get<std::uint64_t>(payload.data()));
}

}  // namespace tombo::bench
