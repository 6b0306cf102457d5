#pragma once

#include "base/ref.hpp"
#include "mqtt/message.hpp"
#include "mqtt/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The form of the store, version kFormat: one ordered map.  Numbers in keys are big-endian, so that they sort.
//   F <name>                 the store itself: "format", "epoch"
//   s <session>              SessionRow
//   u <session> <filter>     SubscriptionRow; the filter as the client wrote it, $share/ included
//   q <session> <seq>        DeliveryRow: one message for one session, in the order of sending
//   h <session>              u64: no row of q is below this sequence number, so no walk crosses what was erased
//   i <session> <packet id>  a QoS 2 PUBLISH that was received and not released
//   m <message>              MessageRow that several deliveries name
//   r <topic>                MessageRow: the retained message
// Times are seconds since the Unix epoch.

namespace tombo::store {

inline constexpr std::uint32_t kFormat = 1;

/// Numbers of sessions, deliveries and messages are never used twice in the life of a store: the upper part of each is
/// the epoch, which every start raises before it gives out any.
using SessionNumber = std::uint64_t;
using Seq = std::uint64_t;
using MessageNumber = std::uint64_t;
inline constexpr unsigned kEpochShift = 40;

std::string key_of_state(std::string_view name);
std::string session_key(SessionNumber session);
std::string subscription_key(SessionNumber session, std::string_view filter);
std::string delivery_key(SessionNumber session, Seq seq);
std::string head_key(SessionNumber session);
std::string received_key(SessionNumber session, mqtt::PacketId id);
std::string message_key(MessageNumber message);
std::string retained_key(std::string_view topic);
/// The end of the range of keys that begin with `prefix`.
std::string after_prefix(std::string_view prefix);

/// The number that follows a key's letter; 0 if the key is too short.
std::uint64_t number_in_key(std::string_view key);
/// The second number of a delivery's key; 0 if there is none.
Seq seq_in_key(std::string_view key);

struct WillRow {
  std::string topic;
  std::string payload;
  std::string raw_properties;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  std::uint32_t delay_s = 0;
  std::optional<std::uint32_t> expiry_s;
  std::string owner;  // OwnerRow; empty: the session's user name says all
};

struct SessionRow {
  std::string client_id;
  std::uint32_t expiry_s = 0;
  std::int64_t left_at = 0;  // when its client was last connected; 0: it is, or was when the broker ended
  std::string user_name;
  std::optional<WillRow> will;  // that has not gone out
  bool vouched = false;      // somebody knew who it is: a name alone may be no more than a claim
};

struct SubscriptionRow {
  mqtt::SubscribeOptions options;
  std::uint32_t subscription_id = 0;
  std::uint32_t share_number = 0;  // of a shared subscription: what deliveries by it name; unique in the session
};

/// A message without what only matters in memory.
struct MessageRow {
  std::string topic;
  std::string payload;
  std::string raw_properties;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  std::int64_t received_at = 0;
  std::optional<std::int64_t> expires_at;
  std::string source{};  // SourceRow: who stored it as retained; empty: the broker, or nobody knows
};

struct DeliveryRow {
  mqtt::Qos qos = mqtt::Qos::at_least_once;
  bool retain = false;
  bool released = false;          // QoS 2: the client has it, only PUBREL is left; there is no message
  mqtt::PacketId packet_id = 0;   // under which it was sent, as far as that is known; 0: none
  std::uint32_t share_number = 0; // 0: not by a shared subscription
  std::vector<std::uint32_t> subscription_ids;
  MessageNumber message = 0;      // 0: the message stands here
  std::uint64_t bytes = 0;        // of the message: topic, payload and properties
  std::optional<MessageRow> body;
};

// Encoding never fails; decoding gives nothing for bytes that no encoder made.
std::string encode(const SessionRow& row);
std::string encode(const SubscriptionRow& row);
std::string encode(const MessageRow& row);
std::string encode(const DeliveryRow& row);
std::string encode_number(std::uint64_t number);
std::optional<SessionRow> decode_session(std::string_view bytes);
std::optional<SubscriptionRow> decode_subscription(std::string_view bytes);
std::optional<MessageRow> decode_message(std::string_view bytes);
std::optional<DeliveryRow> decode_delivery(std::string_view bytes);
std::optional<std::uint64_t> decode_number(std::string_view bytes);

}  // namespace tombo::store
