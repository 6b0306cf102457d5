#pragma once

#include "auth/authenticator.hpp"
#include "plugin/events.hpp"
#include "plugin/host_actions.hpp"
#include "plugin/mosquitto/abi.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

/// What a plugin can ask about a client: a copy, so that its answers need no shard.
struct mosquitto {
  std::string client_id;
  bool has_user_name = false;
  std::string user_name;
  std::string address;  // without the port
  int listener_port = 0;
  bool websocket = false;
  int version = 4;  // 3, 4 or 5
  bool clean_session = true;
  std::uint16_t keep_alive_s = 0;
  std::size_t subscriptions = 0;
  std::shared_ptr<const std::string> certificate;  // DER; null: none
  bool renamed = false;  // by the plugin; the session hears of it by a letter
  std::string name_before;
};

namespace tombo::plugin::mosquitto {

/// A client for as long as a call to a plugin may be late.
struct ClientFacts {
  explicit ClientFacts(const ClientView& view)
      : client_id(view.client_id),
        principal(view.principal),
        peer(view.peer),
        listener(view.listener),
        version(view.version),
        clean_session(view.clean_session),
        keep_alive_s(view.keep_alive_s),
        subscriptions(view.subscriptions),
        certificate(view.certificate) {}

  std::string client_id;
  std::shared_ptr<const auth::Principal> principal;
  std::shared_ptr<const auth::Peer> peer;
  std::size_t listener;
  mqtt::Version version;
  bool clean_session;
  std::uint16_t keep_alive_s;
  std::size_t subscriptions;
  std::shared_ptr<const std::string> certificate;
};

/// The clients that one plugin knows: those that are connected, and those that want to be.  A client that is connected stays
/// at its place until the plugin was told that it has gone.
/// Lives on: the plugin's thread.
class ClientRecords {
 public:
  /// Clients that were let in and have not come yet, and those that log in by steps; of more the oldest are forgotten.
  static constexpr std::size_t kEnteringMax = 1'000;

  explicit ClientRecords(const HostActions& host) : host_(host) {}

  /// A client that logs in; known to whoever asks once it was let in.
  std::unique_ptr<::mosquitto> make(const auth::Login& login) const;
  /// One that logs in by several steps, of which each has the same `login`; good until that is taken.
  ::mosquitto& begins(const auth::Login& login);
  /// Null: it was forgotten, for there were too many.
  ::mosquitto* goes_on(const auth::Login& login);
  /// Whether it is one of those.
  bool logs_in(const ::mosquitto& client) const;
  std::unique_ptr<::mosquitto> take(const auth::Login& login);
  /// By the identifier that its record has now, which may be another one than CONNECT's.
  void let_in(std::unique_ptr<::mosquitto> client);
  ::mosquitto& arrives(const ClientFacts& facts);
  /// One that is connected, or null.
  ::mosquitto* find(const std::string& client_id);
  /// The connected one, with what may have changed since; made for this call where it is not known.
  ::mosquitto& now(const ClientFacts& facts);
  void leaves(const std::string& client_id) { present_.erase(client_id); }
  /// Whose right is asked: the one that has this user name.
  ::mosquitto& who(const auth::Access& access);

  /// One that only shakes hands yet, for this call.
  ::mosquitto& stranger(std::size_t listener, const auth::Peer& peer);

  template <class Use>
  void for_each(Use&& use) {
    for (auto& [id, client] : present_) {
      if (!use(*client)) return;
    }
  }
  void clear();

 private:
  using Map = std::unordered_map<std::string, std::unique_ptr<::mosquitto>>;
  void fill(::mosquitto& client, std::size_t listener, const auth::Peer* peer, mqtt::Version version) const;

  const HostActions& host_;
  Map present_;
  Map entering_;  // let in
  std::deque<std::string> entering_order_;
  // Two may log in by one identifier at the same time, and one must not be given what was said of the other.
  std::unordered_map<const auth::Login*, std::unique_ptr<::mosquitto>> steps_;
  std::deque<const auth::Login*> steps_order_;
  ::mosquitto passing_;  // for one call
};

}  // namespace tombo::plugin::mosquitto
