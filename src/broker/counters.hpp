#pragma once

#include "mqtt/message.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace tombo::broker {

/// A number with one writer, its shard, that anybody may read.
class Counter {
 public:
  void add(std::uint64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t by = 1) { add(~by + 1); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Why a message did not reach somebody who should have got it, or was not taken from who sent it.
enum class Drop : std::uint8_t {
  queue_full,       // the session's queue is at its limit
  offline_qos0,     // QoS 0 for a session that is away
  slow_reader_qos0, // memory ceiling: QoS 0 for a client that does not keep up
  mailbox_full,     // QoS 0 for a shard that does not keep up
  expired,          // message expiry passed while it waited
  too_large,        // larger than the client accepts
  memory,           // memory ceiling: refused from the publisher
  refused,          // told to the publisher: not authorized, quota, payload format
  retained_full,    // could not be kept as retained
  session_ended,    // still queued when its session ended
  no_member,        // a shared group without members
  damaged,          // could not be read from the store
};
inline constexpr std::size_t kDropReasons = 12;
std::string_view name_of(Drop reason);

/// What one shard counted.  $SYS and the summary add the shards up.
/// Lives on: written by its shard, read by any thread.
struct alignas(64) ShardCounters {
  Counter connections_accepted;
  Counter connections_refused;
  Counter clients_connected;      // present number
  Counter clients_expired;        // sessions that ended by expiry
  Counter sessions;               // present number, connected or not
  Counter sessions_disconnected;  // present number
  Counter sessions_kept;          // present number that survive a restart
  Counter sessions_begun;         // the youngest session's generation; goes round
  Counter subscriptions;          // present number, shared ones included
  Counter shared_subscriptions;   // present number
  Counter bytes_received;
  Counter bytes_sent;
  Counter packets_received;
  Counter packets_sent;           // PUBLISH and acknowledgements
  Counter publish_received;
  Counter publish_sent;
  Counter publish_bytes_received;
  Counter publish_bytes_sent;
  Counter protocol_errors;
  Counter letters_sent;
  Counter wakes_sent;
  Counter turns;
  Counter connection_bytes;       // held by connections: half packets in, bytes that sockets did not take
  Counter messages_queued;        // present number over all sessions
  std::array<Counter, kDropReasons> dropped;
  std::atomic<std::uint32_t> load_percent{0};  // of one core, during the last second or so
  std::atomic<std::int64_t> last_turn_ms{0};
  mqtt::MemoryAccount messages;

  void drop(Drop reason, std::uint64_t count = 1) { dropped[static_cast<std::size_t>(reason)].add(count); }
};

}  // namespace tombo::broker
