// Who comes in and what he may do, asked of a plugin of Mosquitto's interface.
#include "plugin/mosquitto/function_of.hpp"
#include "plugin/mosquitto/module.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace tombo::plugin::mosquitto {

namespace {

/// What a plugin that writes these names into a topic filter would take for more than is meant (CVE-2017-7650).
bool has_special_name(const auth::Access& access) {
  const auto special = [](std::string_view name) { return name.find_first_of("+#") != name.npos; };
  return special(access.client_id) || special(access.principal->user_name);
}

/// Bytes that end with a NUL, as C wants them, and are wiped.
class Secret {
 public:
  explicit Secret(const std::string& text) : text_(text) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { ::explicit_bzero(text_.data(), text_.size()); }
  char* data() { return text_.data(); }

 private:
  std::string text_;
};

/// Whose login is judged, for as long as this lives: a plugin may throw.
class Judged {
 public:
  Judged(const ::mosquitto*& place, const ::mosquitto* client) : place_(place) { place_ = client; }
  Judged(const Judged&) = delete;
  Judged& operator=(const Judged&) = delete;
  ~Judged() { place_ = nullptr; }

 private:
  const ::mosquitto*& place_;
};

int access_of(auth::Action action) {
  switch (action) {
    case auth::Action::publish:
      return kWrite;
    case auth::Action::subscribe:
      return kSubscribeTo;
    case auth::Action::unsubscribe:
      return kUnsubscribeFrom;
    case auth::Action::receive:
      break;
  }
  return kRead;
}

constexpr const char* kAnotherWaits = "another login by its client id waits for the plugin's answer";

}  // namespace

int Module::ask(Event event, void* data) {
  int last = kPluginIgnore;
  // A copy: a callback may unregister itself.
  for (const Registered& each : std::vector<Registered>{callbacks_[static_cast<std::size_t>(event)]}) {
    const int answer = each.call(event, data, each.user_data);
    if (answer != kPluginDefer && answer != kPluginIgnore) return answer;
    if (answer == kPluginDefer) last = kPluginDefer;
  }
  return last;
}

Decision Module::login_decision(int result, const ::mosquitto& client, const auth::Login& login) const {
  Decision decision;
  if (result == kSuccess) {
    decision.kind = Decision::Kind::allow;
    decision.user_name = client.has_user_name ? client.user_name : "";
    decision.anonymous = !client.has_user_name;
    if (client.client_id != login.client_id) decision.client_id = client.client_id;
  } else if (result == kPluginDefer || result == kPluginIgnore) {
    decision.kind = Decision::Kind::unknown;
  } else if (result == kAuth || result == kAclDenied) {
    decision.kind = Decision::Kind::deny;
    decision.why = "refused";
  } else {
    decision.kind = Decision::Kind::deny;
    decision.reason = mqtt::ReasonCode::not_authorized;
    decision.why = fmt::format("error {}", result);
  }
  return decision;
}

/// The same for one who is not in yet, and is expected from now on where the answer is yes.
Decision Module::let_in(int result, std::unique_ptr<::mosquitto> client, const auth::Login& login) {
  Decision decision = login_decision(result, *client, login);
  if (result == kSuccess) clients_.let_in(std::move(client));
  return decision;
}

int Module::old_unpwd_check(::mosquitto& client, const auth::Login& login) {
  // They were never asked about clients without a name.
  if (old_.unpwd_check == nullptr || !login.has_user_name) return kPluginDefer;
  Secret password{login.password};
  const char* secret = login.has_password ? password.data() : nullptr;
  if (version_ == 2) return function_of<UnpwdCheck2>(old_.unpwd_check)(user_data_, client.user_name.c_str(), secret);
  return function_of<UnpwdCheck>(old_.unpwd_check)(user_data_, &client, client.user_name.c_str(), secret);
}

int Module::ask_login(::mosquitto& client, const auth::Login& login) {
  if (version_ < 5) return old_unpwd_check(client, login);
  Secret password{login.password};
  std::string user_name = login.user_name;
  EvtBasicAuth event{};
  event.client = &client;
  event.username = login.has_user_name ? user_name.data() : nullptr;
  event.password = login.has_password ? password.data() : nullptr;
  event.more.password_len = static_cast<std::uint16_t>(login.has_password ? login.password.size() : 0);
  return ask(kBasicAuth, &event);
}

std::optional<Decision> Module::login(std::uint64_t ticket, const auth::Login& login) {
  const Entered entered{*this};
  // One question at a time by each client id, which is all that an answer names.
  if (DelayedLogin* const waiting = delayed_.find(login.client_id, std::chrono::steady_clock::now())) {
    if (waiting->lost || !waiting->says(login)) return refusal(kAnotherWaits, mqtt::ReasonCode::server_busy);
    parts_.give(std::exchange(waiting->ticket, ticket), refusal("its client logs in once more", mqtt::ReasonCode::server_busy));
    return std::nullopt;
  }
  auto client = clients_.make(login);
  // A plugin sees a password up to its first NUL: what is behind must not be ignored.
  if (login.password.find('\0') != std::string::npos) return login_decision(kAuth, *client, login);
  int result = kUnknown;
  {
    const Judged judged{judged_, client.get()};
    result = ask_login(*client, login);
  }
  if (result != kAuthDelayed) return let_in(result, std::move(client), login);
  bool waits = false;
  Decision refused = delay(ticket, login, std::move(client), waits);
  return waits ? std::nullopt : std::optional{std::move(refused)};
}

/// The plugin will answer; or, if not `waits`, why that cannot be waited for.
Decision Module::delay(std::uint64_t ticket, const auth::Login& login, std::unique_ptr<::mosquitto> client, bool& waits) {
  using Added = DelayedLogins::Added;
  std::optional<std::uint64_t> lost;
  const Added added = delayed_.add(std::make_unique<DelayedLogin>(ticket, login, std::move(client)), lost);
  waits = added == Added::yes;
  if (lost) parts_.give(*lost, refusal(kAnotherWaits, mqtt::ReasonCode::server_busy));
  return refusal(added == Added::too_many ? "too many logins wait for the plugin's answer" : kAnotherWaits,
                 mqtt::ReasonCode::server_busy);
}

void Module::complete_login(std::string client_id, int result) {
  if (answers_.fetch_add(1, std::memory_order_relaxed) >= DelayedLogins::kAnswersMax) {
    answers_.fetch_sub(1, std::memory_order_relaxed);
    return;  // more than there are logins: whoever waits for one of them is refused at his deadline
  }
  parts_.run_here([this, id = std::move(client_id), result] {
    answers_.fetch_sub(1, std::memory_order_relaxed);
    auto waiting = delayed_.take(id);
    if (waiting == nullptr) return;
    parts_.give(waiting->ticket, let_in(result, std::move(waiting->client), waiting->login));
  });
}

int Module::ask_exchange(::mosquitto& client, const Step& step, void*& out, std::uint16_t& out_len) {
  const auto in_len = static_cast<std::uint16_t>(step.data.size());
  const void* in_data = step.data.empty() ? nullptr : step.data.data();
  const char* method = step.method.c_str();
  if (version_ < 5) {
    return step.first ? old_.start(user_data_, &client, method, step.again, in_data, in_len, &out, &out_len)
                      : old_.go_on(user_data_, &client, method, in_data, in_len, &out, &out_len);
  }
  EvtExtendedAuth event{};
  event.client = &client;
  event.data_in = in_data;
  event.data_in_len = in_len;
  event.auth_method = method;
  const int result = ask(step.first ? kExtAuthStart : kExtAuthContinue, &event);
  out = event.data_out;
  out_len = event.data_out_len;
  return result;
}

Decision Module::exchange(const auth::Login& login, std::string_view method, std::string_view data, bool first,
                          bool again) {
  const Entered entered{*this};
  ::mosquitto* const known = again ? clients_.find(login.client_id) : nullptr;
  ::mosquitto* const client = known != nullptr ? known : first ? &clients_.begins(login) : clients_.goes_on(login);
  if (client == nullptr) return refusal("too many log in at the same time", mqtt::ReasonCode::server_busy);
  void* out = nullptr;
  std::uint16_t out_len = 0;
  int result = kUnknown;
  {
    const Judged judged{judged_, again ? nullptr : client};
    result = ask_exchange(*client, {std::string{method}, std::string{data}, first, again}, out, out_len);
  }
  Decision decision;
  if (result == kAuthContinue) {
    decision.kind = Decision::Kind::go_on;
  } else {
    auto record = clients_.take(login);
    decision = record != nullptr ? let_in(result, std::move(record), login) : login_decision(result, *client, login);
    const bool unknown = result == kPluginDefer || result == kPluginIgnore || result == kNotSupported;
    if (unknown) decision.reason = mqtt::ReasonCode::bad_authentication_method;
  }
  if (out != nullptr) decision.data.assign(static_cast<const char*>(out), out_len);
  std::free(out);
  return decision;
}

int Module::old_acl_check(::mosquitto& client, const auth::Access& access) {
  const int wanted = access_of(access.action);
  // They know no unsubscribing, and version 2 no subscribing either: those are judged for each delivery.
  if (wanted == kUnsubscribeFrom || (wanted == kSubscribeTo && version_ == 2)) return kSuccess;
  const std::string topic{access.topic};
  if (version_ == 2) {
    const char* user = client.has_user_name ? client.user_name.c_str() : nullptr;
    return function_of<AclCheck2>(old_.acl_check)(user_data_, client.client_id.c_str(), user, topic.c_str(), wanted);
  }
  AclMessage message{};
  message.topic = topic.c_str();
  message.payload = access.payload.data();
  message.payloadlen = static_cast<long>(access.payload.size());
  message.qos = static_cast<int>(access.qos);
  message.retain = access.retain;
  return function_of<AclCheck>(old_.acl_check)(user_data_, wanted, &client, &message);
}

Decision Module::access_decision(int result) const {
  Decision decision;
  switch (result) {
    case kSuccess:
      decision.kind = Decision::Kind::allow;
      break;
    case kPluginDefer:
      decision.kind = Decision::Kind::unknown;
      break;
    case kPluginIgnore:
      decision.kind = Decision::Kind::unknown;
      decision.ignored = true;
      break;
    default:
      decision.kind = Decision::Kind::deny;
      decision.reason = mqtt::ReasonCode::not_authorized;
      if (result != kAclDenied) decision.why = fmt::format("error {}", result);
  }
  return decision;
}

Decision Module::access(const auth::Access& access) {
  if (parts_.deny_special_names && has_special_name(access)) {
    Decision decision = access_decision(kAclDenied);
    decision.why = "its user name or client id holds + or #";
    return decision;
  }
  const Entered entered{*this};
  ::mosquitto& client = clients_.who(access);
  if (version_ < 5) return access_decision(old_acl_check(client, access));
  const std::string topic{access.topic};
  EvtAclCheck event{};
  event.client = &client;
  event.topic = topic.c_str();
  event.payload = access.payload.empty() ? nullptr : access.payload.data();
  event.payloadlen = static_cast<std::uint32_t>(access.payload.size());
  event.access = access_of(access.action);
  event.qos = static_cast<std::uint8_t>(access.qos);
  event.retain = access.retain;
  return access_decision(ask(kAclCheck, &event));
}

}  // namespace tombo::plugin::mosquitto
