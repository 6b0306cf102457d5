#pragma once

#include "auth/principal.hpp"
#include "base/clock.hpp"
#include "mqtt/reason_code.hpp"
#include "routing/ids.hpp"
#include "routing/retained_store.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::broker {

// What an operator is shown of a shard: plain copies, so that they may travel to another thread, and found in bounded
// steps, so that no question stalls a shard.

/// A session, with its connection if there is one.
struct SessionSeen {
  std::string client_id;
  std::string user_name;
  std::shared_ptr<const auth::Principal> principal;  // not null
  std::string address;  // empty: not connected, or not asked for
  std::uint64_t queued = 0;
  std::uint64_t queued_bytes = 0;
  std::uint64_t in_flight = 0;
  std::optional<std::uint32_t> oldest_s;      // how long the oldest queued message has been in the broker
  std::optional<std::uint64_t> expires_in_s;  // of a session that is away, unless it stays for ever
  std::uint32_t slot = 0;
  std::uint32_t subscriptions = 0;
  std::uint32_t dropped = 0;
  std::uint32_t expiry_s = 0;
  std::uint32_t connected_for_s = 0;
  std::uint32_t publish_received = 0;  // on this connection; the counts go round
  std::uint32_t publish_sent = 0;
  std::uint16_t keep_alive_s = 0;
  std::uint8_t version = 0;   // 3, 4 or 5
  std::uint16_t listener = 0;  // index in options.listeners, 255 at most
  routing::ShardId shard = 0;
  bool connected = false;
  bool has_will = false;
};

struct SessionQuery {
  enum class Of : std::uint8_t { any, connected, away, lagging };  // lagging: messages wait or were dropped
  Of of = Of::any;
  std::string prefix;                    // of the client id
  std::optional<std::string> user_name;
  std::vector<std::uint8_t> listeners;   // empty: all
  std::uint32_t begun = 0;               // only sessions that had begun: ShardCounters::sessions_begun
  bool with_address = false;             // a system call for each
};

struct SessionsSeen {
  std::vector<SessionSeen> rows;
  std::uint32_t next_slot = 0;
  bool end = false;
};

/// Where a walk over subscriptions stands: ordinary ones of the session first, then shared ones.
struct SubscriptionPlace {
  std::uint32_t slot = 0;
  std::uint32_t record = 0;
  std::uint32_t generation = 0;  // of the session in whose middle it stands
};

struct SubscriptionSeen {
  std::string client_id;
  std::string filter;  // with $share/group/ in front
  std::uint32_t subscription_id = 0;
  std::uint8_t qos = 0;
  bool no_local = false;
  bool retain_as_published = false;
};

struct SubscriptionQuery {
  std::string filter;     // only this one, as it was subscribed; empty: all
  std::string client_id;  // only this session's; empty: all
  std::uint32_t begun = 0;
};

struct SubscriptionsSeen {
  std::vector<SubscriptionSeen> rows;
  SubscriptionPlace next;
  bool end = false;
};

/// How much a connected client has published and been sent so far.
struct Traffic {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint32_t connected_s = 0;  // tells a connection of the session from the one before
  std::uint32_t received = 0;
  std::uint32_t sent = 0;
};

struct TrafficSeen {
  std::vector<Traffic> rows;
  std::uint32_t next_slot = 0;
  bool end = false;
};

/// How clients are sent away, and what those are told who come meanwhile.
struct Drain {
  mqtt::ReasonCode reason = mqtt::ReasonCode::server_shutting_down;  // or use_another_server, server_moved
  std::string server_reference;                                      // of the other server

  /// To a CONNECT, where 0x8B is not allowed.
  mqtt::ReasonCode answer() const {
    return reason == mqtt::ReasonCode::server_shutting_down ? mqtt::ReasonCode::server_unavailable : reason;
  }
};

/// The reason that a name ("quota_exceeded") or a number ("0x97") stands for, if a server may disconnect with it.
std::optional<mqtt::ReasonCode> disconnect_reason(std::string_view text);

class Core;

struct RetainedSeen {
  std::string topic;
  std::uint64_t payload_bytes = 0;
  std::uint32_t age_s = 0;
  std::optional<std::uint64_t> expires_in_s;
  std::uint8_t qos = 0;
};

/// A walk over the retained messages that match a filter; ends before its core does.
/// Lives on: whoever has it, one at a time.
class RetainedListing {
 public:
  /// Null if that is no topic filter.
  static std::unique_ptr<RetainedListing> begin(Core& core, std::string_view filter);

  /// Appends what the next step finds; false at the end.
  bool next(std::size_t messages_max, std::size_t nodes_max, MonoTime now, std::vector<RetainedSeen>& rows);

 private:
  RetainedListing(Core& core, std::string_view filter);
  Core& core_;
  std::unique_ptr<routing::RetainedCursor> cursor_;
};

/// The retained message of a topic and at most so much of its payload; false if there is none.
bool see_retained(const Core& core, std::string_view topic, std::size_t payload_max, MonoTime now, RetainedSeen& seen,
                  std::string& payload);

}  // namespace tombo::broker
