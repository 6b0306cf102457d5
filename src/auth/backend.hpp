#pragma once

#include "auth/authenticator.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::auth {

/// What one backend says of a login.
struct Verdict {
  enum class Kind : std::uint8_t {
    unknown,  // it does not know this client: the next backend is asked
    allow,
    deny,     // it knows the client, and no: nobody else is asked
    error     // it cannot tell at the moment: the client is refused (fail closed)
  };
  Kind kind = Kind::unknown;
  std::shared_ptr<const Principal> principal;                  // with allow
  mqtt::ReasonCode reason = mqtt::ReasonCode::bad_user_name_or_password;  // with deny and error
  std::string why;                                             // "wrong password", without names
  std::string client_id{};                                     // with allow: as LoginAnswer's
};

/// One way to know who somebody is: a password file, a token, a server.
/// Lives on: ask() and begin() are called on every shard at the same time and never block; work that takes longer than
/// some microseconds is given to Workers.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  /// Calls `done` exactly once, at once or later, from any thread.
  virtual void ask(std::shared_ptr<const Login> login, std::function<void(Verdict)> done) = 0;
  /// Enhanced authentication by this method; null: it does not know the method.
  virtual std::unique_ptr<Exchange> begin(std::string_view method, std::shared_ptr<const Login> login);
};

/// One way to know what somebody may do, asked behind the ACL: a server or a plugin.
/// Lives on: as Backend.
class Referee {
 public:
  virtual ~Referee() = default;
  /// As Authenticator::access; Decision::allow with a null rule: no opinion.
  virtual AccessAnswer judge(const Access& access, std::function<void(AccessAnswer)> later) = 0;
  /// Whether it is asked about more than publishing and subscribing: each delivery, unsubscribing, and orders below $CONTROL/,
  /// which are refused where nobody allows them.
  virtual bool asks_for_all() const { return false; }
};

}  // namespace tombo::auth
