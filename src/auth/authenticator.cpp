#include "auth/authenticator.hpp"

namespace tombo::auth {

LoginAnswer AnonymousOnly::login(const mqtt::ConnectView&, std::function<void(LoginAnswer)>) {
  return {allow_ ? Decision::allow : Decision::deny, mqtt::ReasonCode::not_authorized, {}};
}

AccessAnswer AnonymousOnly::access(const Access&, std::function<void(AccessAnswer)>) { return {Decision::allow, {}}; }

}  // namespace tombo::auth
