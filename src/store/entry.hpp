#pragma once

#include "base/ref.hpp"
#include "mqtt/message.hpp"
#include "store/rows.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace tombo::store {

// The changes that must survive, as a shard states them.  They are what a replicated log would carry; what becomes of
// them on disk is the committer's business.

/// A row as it is, of a session, a subscription or a received packet identifier; no value erases it.
struct RowChanged {
  std::string key;
  std::string value;
  bool erased = false;
};
/// One message for one session.  A second one with the same session and sequence number takes the first one's place.
struct Enqueued {
  SessionNumber session = 0;
  Seq seq = 0;
  Ref<mqtt::Message> message;
  std::vector<std::uint32_t> subscription_ids;
  std::uint32_t share_number = 0;
  mqtt::PacketId packet_id = 0;
  mqtt::Qos qos = mqtt::Qos::at_least_once;
  bool retain = false;
  bool again = false;  // the row is there already: only the packet identifier is new
  // The delivery that this one takes over from another member of a shared subscription: erased with the same write.
  SessionNumber from_session = 0;
  Seq from_seq = 0;
};
/// The client has a message: its delivery is erased, or, at QoS 2, all but the packet identifier until PUBCOMP.
struct Finished {
  SessionNumber session = 0;
  Seq seq = 0;
  Seq head = 0;                  // no delivery of the session is below; 0: not known
  MessageNumber message = 0;     // what its row names, if that was read from disk
  Ref<mqtt::Message> body;       // else the message, which knows
  mqtt::PacketId released = 0;   // not 0: waits for PUBCOMP under this identifier
  bool maybe_gone = false;       // another record may have erased it already
  bool after_release = false;    // PUBCOMP has come: what `released` left is erased
};
/// Something happened to this topic's retained message; what is current when the batch is made is written.
struct RetainedChanged {
  std::string topic;
};
/// A topic's retained message, and its source as a MessageRow has it.
struct RetainedNow {
  Ref<mqtt::Message> message;
  std::string source;
};
/// Everything of the session goes.
struct SessionEnded {
  SessionNumber session = 0;
};

using Entry = std::variant<std::monostate, RowChanged, Enqueued, Finished, RetainedChanged, SessionEnded>;

/// Counts the records of one shard; what has a ticket up to durable() is on stable storage.
using Ticket = std::uint64_t;

/// A QoS 2 PUBLISH whose deliveries lie on several shards must be durable everywhere or nowhere, or a repeat of it would
/// be delivered twice.  Each shard says that its part is in the slice; slices with parts of one publish are committed
/// together.
struct Part {
  std::uint64_t publish = 0;
  std::uint32_t parts = 0;  // of this publish in all
};

/// What one shard hands over at the end of a turn.
struct Slice {
  unsigned shard = 0;
  Ticket last = 0;  // of the entries
  std::vector<Entry> entries;
  std::vector<Part> parts;
  std::size_t bytes = 0;
  bool sync = true;  // somebody waits; else it may ride on a later commit
};

}  // namespace tombo::store
