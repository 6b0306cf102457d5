#pragma once

#include "auth/authenticator.hpp"
#include "plugin/events.hpp"
#include "tombo/plugin.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What on_deliver makes of one delivery.  The name is the C interface's, which does not show what it holds.
struct tombo_delivery {
  std::string& payload;
  bool replaced = false;
};

namespace tombo::plugin {

// What we know, in the form that plugins see.  Each borrows from what it was made of, and is not moved.

inline tombo_text c_text(std::string_view text) { return {text.data(), text.size()}; }
inline tombo_bytes c_bytes(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline tombo_bytes c_bytes(mqtt::Bytes bytes) { return {bytes.data(), bytes.size()}; }

struct CClient {
  explicit CClient(const ClientView& client);
  /// Of an access, where less is known.
  explicit CClient(std::string_view client_id, const auth::Principal& principal, std::size_t listener);
  explicit CClient(const auth::Login& login);
  CClient(const CClient&) = delete;
  CClient& operator=(const CClient&) = delete;

  tombo_client form{};

 private:
  void add_groups(const auth::Principal& principal);
  void add_peer(const auth::Peer& peer);
  tombo_peer peer_{};
  std::vector<tombo_text> groups_;
};

struct CLogin {
  explicit CLogin(const auth::Login& login);
  tombo_login form{};

 private:
  CClient client_;
};

struct CMessage {
  CMessage(std::string_view topic, mqtt::Bytes payload, mqtt::Qos qos, bool retain, mqtt::Bytes properties);
  CMessage(const CMessage&) = delete;
  CMessage& operator=(const CMessage&) = delete;
  tombo_message form{};

 private:
  std::vector<tombo_pair> user_properties_;
};

/// The properties of a message with other user properties; `wanted` was checked.
std::vector<std::uint8_t> with_user_properties(mqtt::Bytes properties,
                                               const std::vector<std::pair<std::string, std::string>>& wanted);

/// A client that somebody keeps.
struct KeptClient {
  explicit KeptClient(const ClientView& client)
      : client_id(client.client_id),
        principal(client.principal),
        peer(client.peer),
        listener(client.listener),
        version(client.version),
        clean_session(client.clean_session),
        keep_alive_s(client.keep_alive_s),
        subscriptions(client.subscriptions) {}
  ClientView view() const {
    return {client_id, principal, peer, listener, version, clean_session, keep_alive_s, subscriptions};
  }

  std::string client_id;
  std::shared_ptr<const auth::Principal> principal;
  std::shared_ptr<const auth::Peer> peer;
  std::size_t listener;
  mqtt::Version version;
  bool clean_session;
  std::uint16_t keep_alive_s;
  std::size_t subscriptions;
};

}  // namespace tombo::plugin
