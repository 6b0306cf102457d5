#pragma once

#include "auth/peer.hpp"
#include "auth/principal.hpp"
#include "auth/psk.hpp"
#include "mqtt/packet_views.hpp"
#include "mqtt/reason_code.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::auth {

enum class Decision : std::uint8_t { allow, deny, pending };

/// What a client says of itself, and what is known of it.  An owning copy, since answers may come later.
struct Login {
  std::string client_id;           // the one that it will have, made by the broker if it gave none
  bool has_user_name = false;
  std::string user_name;
  bool has_password = false;
  std::string password;            // bytes; may hold NUL
  mqtt::Version version = mqtt::Version::v5;
  std::size_t listener = 0;        // index in options.listeners
  std::shared_ptr<const Peer> peer;  // never null
  std::shared_ptr<const std::string> certificate;  // DER, that the client has proved; null: none, or nobody wants to see it
  bool clean_start = true;
  std::uint16_t keep_alive_s = 0;
  bool again = false;              // it was let in already, and authenticates once more
};

/// What was decided about a login.
struct LoginAnswer {
  Decision decision = Decision::deny;
  mqtt::ReasonCode reason = mqtt::ReasonCode::not_authorized;  // if denied
  std::shared_ptr<const Principal> principal;                  // if allowed, never null
  std::string why;                                             // for the audit log: "passwords: wrong password"
  std::string client_id{};  // if allowed: under which it comes instead of its own, valid; empty: its own
};

/// One step of MQTT 5.0 enhanced authentication.  [MQTT-4.12.0-2]
struct ExchangeAnswer {
  enum class Step : std::uint8_t { go_on, allow, deny, pending };
  Step step = Step::deny;
  std::string data;                                            // for the client: with go_on and allow
  mqtt::ReasonCode reason = mqtt::ReasonCode::not_authorized;  // with deny
  std::shared_ptr<const Principal> principal;                  // with allow
  std::string why;
  std::string user_name{};                                     // that the client claims, where it has said so in the exchange
  std::string client_id{};                                     // as LoginAnswer's
};

/// One enhanced authentication, from CONNECT (or AUTH 0x19) to its end.  Steps are taken one after the other.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Answers at once, or says `pending` and calls `later` exactly once from any thread.  `later` may outlive this object.
  virtual ExchangeAnswer step(std::string_view data, std::function<void(ExchangeAnswer)> later) = 0;
};

enum class Action : std::uint8_t { publish, subscribe, receive, unsubscribe };

/// What a client wants to do.  Borrowed: a backend that answers later copies what it needs.
struct Access {
  Action action = Action::publish;
  std::string_view client_id;
  const std::shared_ptr<const Principal>& principal;  // not null
  std::size_t listener = 0;
  std::string_view topic;  // name or filter, $share taken off
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  bool shared = false;     // a shared subscription: nobody else gets what this client is refused
  mqtt::Bytes payload{};   // of a message that is published or received
};
struct AccessAnswer {
  Decision decision = Decision::allow;
  mqtt::ReasonCode reason = mqtt::ReasonCode::not_authorized;
  std::shared_ptr<const std::string> rule;  // what decided, for the audit log: "acl.conf:12"; may be null
  mqtt::Qos qos_max = mqtt::Qos::exactly_once;  // an allowed subscription is granted no more than this
  bool keeps = false;  // although somebody was asked: the same until policy() changes or the client goes
};

/// Who may come in, and what they may do.  The chain of backends stands behind this one interface.
/// A call answers at once or says `pending` and calls `later` exactly once, from any thread; the client's packets wait
/// meanwhile, nobody else does.
/// Lives on: called on every shard at the same time; implementations are immutable or lock for themselves.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual LoginAnswer login(const Login& login, std::function<void(LoginAnswer)> later) = 0;
  /// Begins enhanced authentication; null: nobody knows the method (0x8C).
  virtual std::unique_ptr<Exchange> begin_exchange(std::string_view method, const Login& login);
  virtual AccessAnswer access(const Access& access, std::function<void(AccessAnswer)> later) = 0;
  /// What the rules alone say, at once: nobody who takes his time, or may be away, is asked.
  virtual AccessAnswer rule_on(const Access& access);
  /// Asks for a pre-shared key at a listener that has no psk_file.  Calls `later` exactly once, from any thread, perhaps
  /// before this returns; with nothing where nobody gives one.  Never blocks.
  virtual void psk_key(KeyWanted wanted, std::function<void(std::shared_ptr<const PskKey>)> later);
  /// False where access() always allows, so that the packet path need not ask.
  virtual bool restricts_access() const = 0;
  /// Whether each delivery is judged, too (Action::receive), which is always answered at once.
  virtual bool restricts_receiving() const { return false; }
  /// Whether somebody wants to be asked about each delivery besides, who may take his time: the message waits for him.
  virtual bool asks_receiving() const { return false; }
  /// Whether somebody wants to be asked about Action::unsubscribe.
  virtual bool asks_unsubscribing() const { return false; }
  /// Whether users are told apart by more than their word: then sessions belong to them.
  virtual bool knows_users() const { return false; }
  /// Whether access() always answers at once, and the same until policy() changes, so that answers may be remembered.
  virtual bool remembers() const { return false; }
  /// Counts changes of the rights: a verdict that was remembered under another number is void.
  virtual std::uint64_t policy() const { return 0; }
};

/// Lets everybody in or nobody; who is in may do everything.
class AnonymousOnly final : public Authenticator {
 public:
  explicit AnonymousOnly(bool allow) : allow_(allow) {}
  LoginAnswer login(const Login& login, std::function<void(LoginAnswer)> later) override;
  AccessAnswer access(const Access& access, std::function<void(AccessAnswer)> later) override;
  bool restricts_access() const override { return false; }

 private:
  bool allow_;
};

}  // namespace tombo::auth
