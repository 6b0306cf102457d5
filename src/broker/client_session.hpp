#pragma once

#include "auth/principal.hpp"
#include "broker/client.hpp"
#include "broker/directory.hpp"
#include "broker/own_client.hpp"
#include "routing/retained_store.hpp"
#include "routing/topic_tree.hpp"
#include "session/session.hpp"
#include "store/entry.hpp"

#include <deque>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace tombo::broker {

/// One membership of a shared subscription.  Stays in its place, without member, while deliveries refer to it.
struct SharedSubscription {
  routing::Filter* filter = nullptr;  // null: unsubscribed
  Ref<routing::GroupMember> member;
  Ref<session::DeliveryExtra> extra;           // what deliveries by this subscription carry
  mqtt::SubscribeOptions options;
  std::uint32_t subscription_id = 0;
  std::uint32_t share_number = 0;              // in the store
};

/// Retained messages on their way to a new subscription.
struct RetainedWalk {
  std::unique_ptr<routing::RetainedCursor> cursor;
  mqtt::SubscribeOptions options;
  std::uint32_t subscription_id = 0;
};

/// What a session that survives a restart has in the store.  Its queue begins in memory and goes on there: what is on
/// disk only has higher sequence numbers than everything in memory.
struct Stored {
  store::SessionNumber number = 0;
  store::Seq read_from = 0;           // of the first delivery that is on disk only
  std::int64_t left_at = 0;           // when its client left, in seconds of the wall clock; while it is away
  std::uint64_t disk_messages = 0;    // that are on disk only, as far as they are counted
  std::uint64_t disk_bytes = 0;
  bool on_disk = false;               // there may be such deliveries
  bool counted = true;                // disk_messages is complete
  bool restoring = false;             // nothing was read since the restart: what was in flight is among it
  bool reading = false;
  bool grew = false;                  // something came after the read was asked for
  bool prompt = true;                 // its client acknowledges within the patience of the journal
  store::Seq sample = 0;              // the delivery by which that is judged
  MonoTime sample_at{};
  std::uint32_t next_share = 1;
  /// QoS 2: packet identifiers that must be durable before something is sent under them, with their tickets.
  std::deque<std::pair<store::Ticket, mqtt::PacketId>> not_yet;
  bool sends_later = false;           // for that, the session is in the shard's list
  std::set<store::Seq> handed_on;     // deliveries that another member of a group takes over, until that is durable
  std::set<store::Seq> overtaken;     // open ones that began anew with the restart, though later ones are in flight
};

/// A session at its home: the protocol state, the connection if there is one, and its place in the directory.
/// Lives on: one shard.
class ClientSession final : public session::Session {
 public:
  explicit ClientSession(Directory::Entry& home) : Session(kSessionTimer), entry(&home) {}

  std::string_view client_id() const { return entry->client_id; }
  bool connected() const { return client != nullptr; }
  std::string_view user_name() const { return principal->user_name; }

  std::vector<SharedSubscription>& shared() {
    if (!shared_) shared_ = std::make_unique<std::vector<SharedSubscription>>();
    return *shared_;
  }
  bool has_shared() const { return shared_ != nullptr && !shared_->empty(); }

  Client* client = nullptr;
  Directory::Entry* entry;
  std::shared_ptr<const auth::Principal> principal = auth::nobody();  // who made the session
  std::uint16_t listener = 0;     // by which its client came last
  MonoTime will_due = kNever;     // while the client is away
  MonoTime expires_at = kNever;   // while the client is away
  /// Retained messages on their way to new subscriptions; with some, the session is in the shard's list of walkers.
  std::unique_ptr<std::deque<RetainedWalk>> walks;
  std::unique_ptr<Stored> stored;    // null: gone with the process
  std::unique_ptr<OwnQueue> own;     // of a bridge's; null: limits.* hold, as for any client
  std::uint32_t shared_count = 0;    // memberships that are not unsubscribed
  std::uint32_t wildcard_count = 0;  // subscriptions with wildcards, shared ones included

 private:
  std::unique_ptr<std::vector<SharedSubscription>> shared_;
};

}  // namespace tombo::broker
