#pragma once

#include "base/clock.hpp"
#include "base/ref.hpp"
#include "mqtt/byte_store.hpp"
#include "mqtt/types.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tombo::mqtt {

/// Which session published: the same value for one session as long as it lives, used for No Local only.
/// 0 for the broker itself.  [MQTT-3.8.3-3]
using Origin = std::uint64_t;

/// Bytes of the messages that queues, windows and the retained store hold, as far as one shard created them.
/// Lives on: any thread; outlives every message that names it.
class MemoryAccount {
 public:
  void add(std::size_t bytes) { bytes_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed); }
  void subtract(std::size_t bytes) { bytes_.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed); }
  std::int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> bytes_{0};
};

struct MessageParts {
  std::string_view topic;
  Bytes payload;
  Bytes raw_properties;  // of a PUBLISH or a will, as checked by read_properties(); only what is forwarded is kept
  Qos qos = Qos::at_most_once;
  bool retain = false;
  MonoTime expires_at = kNever;  // message expiry
  MonoTime received_at{};        // for its age
  Origin origin = 0;
  MemoryAccount* account = nullptr;  // charged from the moment that somebody keeps the message
};

/// One application message: immutable, in one block with its topic, payload and forwarded properties, shared by
/// every queue that holds it.  Most are copied together: topic in wire form, payload, properties, so that a PUBLISH for
/// 3.1.1 at QoS 0 is one copy.  A large one stays where it was received, as the publisher's packet.
/// Lives on: any thread (immutable; the count is atomic).
class Message {
 public:
  /// The one copy on a message's way through the broker; none, if `received` is given, holds nothing but the PUBLISH
  /// that the parts point into, and nothing of it has to be left out: then its memory becomes the message and it is
  /// left empty.
  static Ref<Message> create(const MessageParts& parts, ByteStore* received = nullptr);

  std::string_view topic() const { return text_of({data() + topic_at_ + 2, topic_size_}); }
  /// Topic with its two-byte length.
  Bytes wire_topic() const { return {data() + topic_at_, std::size_t{2} + topic_size_}; }
  Bytes payload() const { return {data() + payload_at_, payload_size_}; }
  /// Payload follows the topic: wire_topic() and payload() are one piece.
  bool plain() const { return payload_at_ == topic_at_ + 2u + topic_size_; }
  /// Encoded properties that every 5.0 subscriber gets unchanged, in the publisher's order.  They follow the payload,
  /// or stand before it where the message is the publisher's packet.
  Bytes forwarded_properties() const {
    return {data() + payload_at_ + (plain() ? std::ptrdiff_t{payload_size_} : -std::ptrdiff_t{properties_size_}), properties_size_};
  }
  Qos qos() const { return static_cast<Qos>(qos_); }
  bool retain() const { return retain_; }
  MonoTime expires_at() const { return expires_at_; }
  bool expired(MonoTime now) const { return now >= expires_at_; }
  /// How long the broker has had it; begins anew after half a year.
  std::uint32_t age_s(MonoTime now) const { return (seconds_of(now) - received_s_) & kAgeMask; }
  Origin origin() const { return origin_; }
  /// Bytes that this message holds in memory; what queue limits count.
  std::size_t footprint() const { return sizeof(Message) + payload_at_ + payload_size_ + (plain() ? properties_size_ : 0u); }

  /// Asks for the memory of the message and of the beginning of its variable part.
  void prefetch() const {
    __builtin_prefetch(this);
    __builtin_prefetch(reinterpret_cast<const std::uint8_t*>(this) + 64);
  }

  /// Somebody keeps the message beyond this loop turn: from now on it counts in its account, once.
  void charge() const {
    if (account_ == nullptr || charged_.load(std::memory_order_relaxed)) return;
    if (!charged_.exchange(true, std::memory_order_relaxed)) account_->add(footprint());
  }

  /// The store's note of the form in which it keeps this message; 0 at first.  Only the store's committer looks at it
  /// once the message is known to others.
  std::uint64_t stored_as() const { return stored_as_; }
  void note_stored_as(std::uint64_t form) const { stored_as_ = form; }

  void add_ref(std::uint32_t count = 1) const { references_.fetch_add(count, std::memory_order_relaxed); }
  void release() const;

 private:
  static constexpr std::uint32_t kAgeMask = (1U << 24) - 1;
  static std::uint32_t seconds_of(MonoTime time) {
    return static_cast<std::uint32_t>(time.time_since_epoch().count() / 1000) & kAgeMask;
  }
  explicit Message(const MessageParts& parts);
  static bool fits(const MessageParts& parts, std::size_t properties_size, const ByteStore& received);
  const std::uint8_t* data() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }

  mutable std::atomic<std::uint32_t> references_{1};
  std::uint32_t payload_size_ = 0;
  std::uint32_t properties_size_ = 0;
  std::uint32_t payload_at_ = 0;
  std::uint16_t topic_size_ = 0;
  std::uint8_t topic_at_ = 0;  // after a packet's fixed header, or 0
  std::uint8_t qos_ : 2 = 0;
  bool retain_ : 1 = false;
  mutable std::atomic<bool> charged_{false};
  std::uint32_t received_s_ : 24 = 0;
  MonoTime expires_at_ = kNever;
  Origin origin_ = 0;
  MemoryAccount* account_ = nullptr;
  mutable std::uint64_t stored_as_ = 0;
};

}  // namespace tombo::mqtt
