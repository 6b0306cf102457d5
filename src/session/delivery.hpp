#pragma once

#include "base/ref.hpp"
#include "mqtt/message.hpp"
#include "mqtt/types.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace tombo::session {

/// What most deliveries do not have: several subscription identifiers, or a shared subscription that they came by.
/// Immutable once deliveries share it.
/// Lives on: the session's shard.
class DeliveryExtra {
 public:
  std::vector<std::uint32_t> subscription_ids;
  /// Index of the shared subscription in its session's list, or kNotShared.
  static constexpr std::uint32_t kNotShared = 0xFFFF'FFFF;
  std::uint32_t shared_subscription = kNotShared;

  void add_ref() const { ++references_; }
  void release() const {
    if (--references_ == 0) delete this;
  }

 private:
  mutable std::uint32_t references_ = 1;
};

/// How far a QoS 1/2 delivery has come.
enum class FlightState : std::uint8_t {
  waiting,  // not sent yet: in the queue, or in flight until its packet identifier is durable
  awaiting_puback,
  awaiting_pubrec,
  awaiting_pubcomp,
  done,  // acknowledged out of order; leaves the window with its elder brothers
};

/// One message for one session: waiting in the queue or in flight.  32 bytes.
struct Delivery {
  Ref<mqtt::Message> message;
  Ref<DeliveryExtra> extra;
  std::uint64_t seq = 0;              // names its record in the store; 0: none
  std::uint32_t subscription_id = 0;  // 0: none; several stand in `extra`
  mqtt::PacketId packet_id = 0;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain : 1 = false;
  bool resend : 1 = false;  // in flight, and the present connection has not seen it
  FlightState state : 4 = FlightState::waiting;

  std::span<const std::uint32_t> subscription_ids() const {
    if (extra && !extra->subscription_ids.empty()) return extra->subscription_ids;
    if (subscription_id != 0) return {&subscription_id, 1};
    return {};
  }
  bool shared() const { return extra && extra->shared_subscription != DeliveryExtra::kNotShared; }
};
static_assert(sizeof(Delivery) == 32);

}  // namespace tombo::session
