#include "plugin/mosquitto/delayed_logins.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tombo::plugin::mosquitto {

namespace {

bool say_the_same(const auth::Login& a, const auth::Login& b) {
  return a.has_user_name == b.has_user_name && a.user_name == b.user_name && a.has_password == b.has_password &&
         a.password == b.password && a.listener == b.listener && a.peer->user_name == b.peer->user_name &&
         a.peer->certificate_subject == b.peer->certificate_subject;
}

}  // namespace

DelayedLogin::DelayedLogin(std::uint64_t number, const auth::Login& from, std::unique_ptr<::mosquitto> record)
    : ticket(number), login(from), client(std::move(record)), since(std::chrono::steady_clock::now()) {}

DelayedLogin::~DelayedLogin() {
  ::explicit_bzero(login.password.data(), login.password.size());
}

DelayedLogins::Added DelayedLogins::add(std::unique_ptr<DelayedLogin> waiting, std::optional<std::uint64_t>& replaced) {
  replaced.reset();
  while (!waiting_.empty() && waiting->since - waiting_.front()->since > kForgottenAfter) waiting_.pop_front();
  const auto same = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&](const auto& one) { return one->client->client_id == waiting->client->client_id; });
  if (same != waiting_.end()) {
    if (!say_the_same((*same)->login, waiting->login)) return Added::another;
    replaced = (*same)->ticket;
    waiting_.erase(same);
  }
  if (waiting_.size() >= kMax) return Added::too_many;
  waiting_.push_back(std::move(waiting));
  return Added::yes;
}

bool DelayedLogins::holds(const ::mosquitto& client) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const auto& one) { return one->client.get() == &client; });
}

std::unique_ptr<DelayedLogin> DelayedLogins::take(const std::string& client_id) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const auto& one) { return one->client->client_id == client_id; });
  if (found == waiting_.end()) return nullptr;
  auto taken = std::move(*found);
  waiting_.erase(found);
  return taken;
}

}  // namespace tombo::plugin::mosquitto
