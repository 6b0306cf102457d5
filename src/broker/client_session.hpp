#pragma once

#include "broker/client.hpp"
#include "broker/directory.hpp"
#include "session/session.hpp"

namespace tombo::broker {

/// A session at its home: the protocol state, the connection if there is one, and its place in the directory.
/// Lives on: one shard.
class ClientSession final : public session::Session {
 public:
  explicit ClientSession(Directory::Entry& home) : Session(kSessionTimer), entry(&home) { client_id = home.client_id; }

  bool connected() const { return client != nullptr; }

  Client* client = nullptr;
  Directory::Entry* entry;
  MonoTime will_due = kNever;     // while the client is away
  MonoTime expires_at = kNever;   // while the client is away
};

}  // namespace tombo::broker
