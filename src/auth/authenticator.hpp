#pragma once

#include "mqtt/packet_views.hpp"
#include "mqtt/reason_code.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tombo::auth {

enum class Decision : std::uint8_t { allow, deny, pending };

/// What was decided about a login.
struct LoginAnswer {
  Decision decision = Decision::deny;
  mqtt::ReasonCode reason = mqtt::ReasonCode::not_authorized;  // if denied
  std::string user_name;                                       // if allowed and different from what was claimed
};

enum class Action : std::uint8_t { publish, subscribe };

/// What a client wants to do.  Borrowed: a backend that answers later copies what it needs.
struct Access {
  Action action = Action::publish;
  std::string_view client_id;
  std::string_view user_name;
  std::string_view topic;  // name or filter, $share taken off
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
};
struct AccessAnswer {
  Decision decision = Decision::allow;
  mqtt::ReasonCode reason = mqtt::ReasonCode::not_authorized;
};

/// Who may come in, and what they may do.  The chain of backends stands behind this one interface.
/// A call answers at once or says `pending` and calls `later` exactly once, from any thread; the client's packets wait
/// meanwhile, nobody else does.
/// Lives on: called on every shard at the same time; implementations are immutable or lock for themselves.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual LoginAnswer login(const mqtt::ConnectView& connect, std::function<void(LoginAnswer)> later) = 0;
  virtual AccessAnswer access(const Access& access, std::function<void(AccessAnswer)> later) = 0;
  /// False where access() always allows, so that the packet path need not ask.
  virtual bool restricts_access() const = 0;
};

/// Lets everybody in or nobody; who is in may do everything.
class AnonymousOnly final : public Authenticator {
 public:
  explicit AnonymousOnly(bool allow) : allow_(allow) {}
  LoginAnswer login(const mqtt::ConnectView& connect, std::function<void(LoginAnswer)> later) override;
  AccessAnswer access(const Access& access, std::function<void(AccessAnswer)> later) override;
  bool restricts_access() const override { return false; }

 private:
  bool allow_;
};

}  // namespace tombo::auth
