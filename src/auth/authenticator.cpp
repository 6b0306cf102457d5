#include "auth/authenticator.hpp"

#include "auth/backend.hpp"

namespace tombo::auth {

std::unique_ptr<Exchange> Authenticator::begin_exchange(std::string_view, const Login&) { return nullptr; }
void Authenticator::psk_key(KeyWanted, std::function<void(std::shared_ptr<const PskKey>)> later) { later(nullptr); }
AccessAnswer Authenticator::rule_on(const Access& wanted) {
  auto answer = access(wanted, [](AccessAnswer) {});
  if (answer.decision == Decision::pending) answer.decision = Decision::allow;
  return answer;
}

std::unique_ptr<Exchange> Backend::begin(std::string_view, std::shared_ptr<const Login>) { return nullptr; }

LoginAnswer AnonymousOnly::login(const Login& login, std::function<void(LoginAnswer)>) {
  LoginAnswer answer{allow_ ? Decision::allow : Decision::deny, mqtt::ReasonCode::not_authorized, nullptr, {}};
  if (!allow_) return answer;
  answer.principal = somebody(login.user_name);
  return answer;
}

AccessAnswer AnonymousOnly::access(const Access&, std::function<void(AccessAnswer)>) { return {Decision::allow, {}, {}}; }

}  // namespace tombo::auth
