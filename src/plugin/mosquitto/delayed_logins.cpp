#include "plugin/mosquitto/delayed_logins.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace tombo::plugin::mosquitto {

namespace {

std::string_view host_of(std::string_view address) { return address.substr(0, address.rfind(':')); }

bool show_the_same(const auth::Login& a, const auth::Login& b) {
  if (a.certificate == nullptr || b.certificate == nullptr) return a.certificate == b.certificate;
  return *a.certificate == *b.certificate;
}

}  // namespace

DelayedLogin::DelayedLogin(std::uint64_t number, const auth::Login& from, std::unique_ptr<::mosquitto> record)
    : ticket(number), login(from), client(std::move(record)), since(std::chrono::steady_clock::now()) {}

DelayedLogin::~DelayedLogin() {
  ::explicit_bzero(login.password.data(), login.password.size());
}

bool DelayedLogin::says(const auth::Login& that) const {
  return login.has_user_name == that.has_user_name && login.user_name == that.user_name &&
         login.has_password == that.has_password && login.password == that.password && login.listener == that.listener &&
         login.peer->user_name == that.peer->user_name && login.peer->psk_identity == that.peer->psk_identity &&
         login.peer->certificate_subject == that.peer->certificate_subject && show_the_same(login, that) &&
         host_of(login.peer->address) == host_of(that.peer->address);
}

DelayedLogin* DelayedLogins::find(const std::string& client_id, Time now) {
  while (!waiting_.empty() && now - waiting_.front()->since > kForgottenAfter) waiting_.pop_front();
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& one) {
    return one->login.client_id == client_id || one->client->client_id == client_id;
  });
  return found == waiting_.end() ? nullptr : found->get();
}

DelayedLogins::Added DelayedLogins::add(std::unique_ptr<DelayedLogin> waiting, std::optional<std::uint64_t>& lost) {
  lost.reset();
  if (DelayedLogin* const other = find(waiting->client->client_id, waiting->since)) {
    if (!std::exchange(other->lost, true)) lost = other->ticket;
    return Added::another;
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
  if (found == waiting_.end() || (*found)->lost) return nullptr;
  auto taken = std::move(*found);
  waiting_.erase(found);
  return taken;
}

}  // namespace tombo::plugin::mosquitto
