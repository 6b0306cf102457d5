#include "plugin/host/plugin_backend.hpp"

#include "plugin/host/c_forms.hpp"
#include "plugin/host/limits.hpp"
#include "plugin/mosquitto/module.hpp"

#include <utility>

#include <string.h>

namespace tombo::plugin {

namespace {

using auth::Verdict;

/// Besides the texts that a call holds.
constexpr std::size_t kCallBytes = 512;

std::size_t bytes_of(const auth::Login& login) {
  return kCallBytes + login.client_id.size() + login.user_name.size() + login.password.size();
}

/// Who a client is that the plugin lets in.
std::shared_ptr<const auth::Principal> principal_of(Decision& decision, const auth::Login& login, std::string_view backend) {
  auto principal = std::make_shared<auth::Principal>();
  principal->user_name = decision.user_name.empty() ? login.user_name : std::move(decision.user_name);
  if (decision.anonymous) principal->user_name.clear();
  principal->backend = backend;
  principal->groups = std::move(decision.groups);
  principal->grants = std::move(decision.grants);
  principal->has_grants = decision.has_grants;
  principal->ends_at_s = decision.ends_at_s;
  return principal;
}

Verdict verdict_of(Decision decision, const auth::Login& login, std::string_view backend) {
  Verdict verdict;
  switch (decision.kind) {
    case Decision::Kind::unknown: return verdict;
    case Decision::Kind::allow:
      verdict.kind = Verdict::Kind::allow;
      verdict.client_id = std::move(decision.client_id);
      verdict.principal = principal_of(decision, login, backend);
      return verdict;
    case Decision::Kind::deny: verdict.kind = Verdict::Kind::deny; break;
    case Decision::Kind::error: verdict.kind = Verdict::Kind::error; break;
    case Decision::Kind::go_on:
      verdict.kind = Verdict::Kind::error;
      decision.why = "it wants to go on with a login that is no exchange";
      break;
  }
  verdict.reason = reason_of(decision, mqtt::PacketType::connack);
  verdict.why = std::move(decision.why);
  return verdict;
}

auth::ExchangeAnswer exchange_answer_of(Decision decision, const auth::Login& login, std::string_view backend) {
  using Step = auth::ExchangeAnswer::Step;
  auth::ExchangeAnswer answer;
  answer.data = std::move(decision.data);
  if (decision.kind == Decision::Kind::go_on) {
    answer.step = Step::go_on;
    return answer;
  }
  if (decision.kind == Decision::Kind::allow) {
    answer.step = Step::allow;
    answer.client_id = std::move(decision.client_id);
    answer.principal = principal_of(decision, login, backend);
    return answer;
  }
  // Nobody else is asked in an exchange, so no opinion is a no.  The end may be a CONNACK or, later, a DISCONNECT.
  const auto reason = reason_of(decision, mqtt::PacketType::connack);
  if (mqtt::may_carry(mqtt::PacketType::disconnect, reason, mqtt::Sender::server)) answer.reason = reason;
  answer.data.clear();
  answer.why = decision.why.empty() ? "refused" : std::move(decision.why);
  return answer;
}

/// One enhanced authentication by a plugin.
class PluginExchange final : public auth::Exchange {
 public:
  PluginExchange(LoadedPlugin& plugin, std::string_view method, std::shared_ptr<const auth::Login> login)
      : plugin_(plugin), method_(method), login_(std::move(login)), state_(plugin.begin_exchange()) {}
  ~PluginExchange() override { plugin_.end_exchange(state_); }

  auth::ExchangeAnswer step(std::string_view data, std::function<void(auth::ExchangeAnswer)> later) override {
    LoadedPlugin* plugin = &plugin_;
    auto done = [plugin, login = login_, later = std::move(later)](Decision decision) {
      later(exchange_answer_of(std::move(decision), *login, *plugin->rule()));
    };
    auto call = [plugin, first = !stepped_, method = method_, login = login_, state = state_,
                 data = std::string{data}](std::uint64_t ticket) {
      const auto& calls = plugin->calls();
      if (!first) {
        if (!state->begun) return static_cast<int>(TOMBO_ERROR);
        return calls.extended_step(plugin->self(), ticket, c_bytes(std::string_view{data}), &state->of_plugin);
      }
      const CLogin form{*login};
      state->begun = true;
      return calls.extended_begin(plugin->self(), ticket, &form.form, c_text(std::string_view{method}),
                                  c_bytes(std::string_view{data}), &state->of_plugin);
    };
    if (plugin_.guest() != nullptr) return guest_step(data, std::move(done), std::exchange(stepped_, true));
    stepped_ = true;
    auto decision = plugin_.ask(std::move(call), std::move(done), bytes_of(*login_) + data.size());
    if (decision) return exchange_answer_of(std::move(*decision), *login_, *plugin_.rule());
    auth::ExchangeAnswer pending;
    pending.step = auth::ExchangeAnswer::Step::pending;
    return pending;
  }

 private:
  auth::ExchangeAnswer guest_step(std::string_view data, Tickets::Done done, bool stepped) {
    auto call = [stepped, method = method_, login = login_, data = std::string{data}](std::uint64_t, mosquitto::Module& guest) {
      return std::optional{guest.exchange(*login, method, data, !stepped, login->again)};
    };
    auto decision = plugin_.ask_guest(std::move(call), std::move(done), bytes_of(*login_) + data.size());
    if (decision) return exchange_answer_of(std::move(*decision), *login_, *plugin_.rule());
    auth::ExchangeAnswer pending;
    pending.step = auth::ExchangeAnswer::Step::pending;
    return pending;
  }

  LoadedPlugin& plugin_;
  const std::string method_;
  const std::shared_ptr<const auth::Login> login_;
  const std::shared_ptr<ExchangeState> state_;
  bool stepped_ = false;
};

}  // namespace

void PluginBackend::ask(std::shared_ptr<const auth::Login> login, std::function<void(Verdict)> done) {
  LoadedPlugin* plugin = &plugin_;
  auto late = [plugin, login, done](Decision decision) { done(verdict_of(std::move(decision), *login, *plugin->rule())); };
  if (const mosquitto::Module* guest = plugin->guest()) {
    if (!guest->roles().basic_auth) return done({});
    auto call = [login](std::uint64_t ticket, mosquitto::Module& there) { return there.login(ticket, *login); };
    if (auto decision = plugin->ask_guest(std::move(call), late, bytes_of(*login))) late(std::move(*decision));
    return;
  }
  if (plugin->calls().authenticate == nullptr) return done({});  // it knows methods of enhanced authentication only
  auto call = [plugin, login](std::uint64_t ticket) {
    const CLogin form{*login};
    return plugin->calls().authenticate(plugin->self(), ticket, &form.form);
  };
  if (auto decision = plugin->ask(std::move(call), std::move(late), bytes_of(*login))) {
    done(verdict_of(std::move(*decision), *login, *plugin->rule()));
  }
}

std::unique_ptr<auth::Exchange> PluginBackend::begin(std::string_view method, std::shared_ptr<const auth::Login> login) {
  if (const mosquitto::Module* guest = plugin_.guest()) {
    // It says only when it is asked whether it knows the method.
    if (!guest->roles().extended_auth) return nullptr;
    return std::make_unique<PluginExchange>(plugin_, method, std::move(login));
  }
  const char* const* known = plugin_.calls().methods;
  if (known == nullptr) return nullptr;
  for (; *known != nullptr; ++known) {
    if (method == *known) return std::make_unique<PluginExchange>(plugin_, method, std::move(login));
  }
  return nullptr;
}

void PluginKeys::ask(std::shared_ptr<const auth::KeyWanted> wanted, std::function<void(auth::KeyAnswer)> done) {
  // Whoever reaches the listener can ask: what others want of the plugin must not drown in that.
  if (waiting_.fetch_add(1) >= kKeyQuestionsMax) {
    waiting_.fetch_sub(1);
    static_cast<void>(plugin_.busy());
    return done({auth::KeyAnswer::Kind::refused, nullptr});
  }
  auto late = [this, done = std::move(done)](Decision decision) {
    waiting_.fetch_sub(1);
    auth::KeyAnswer answer{auth::KeyAnswer::Kind::refused, nullptr};
    if (decision.kind == Decision::Kind::unknown) answer.kind = auth::KeyAnswer::Kind::unknown;
    if (decision.kind == Decision::Kind::allow) {
      answer = {auth::KeyAnswer::Kind::given, std::make_shared<const auth::PskKey>(decision.data)};
    }
    ::explicit_bzero(decision.data.data(), decision.data.size());
    done(std::move(answer));
  };
  auto call = [wanted](std::uint64_t, mosquitto::Module& guest) { return std::optional{guest.psk_key(*wanted)}; };
  const std::size_t bytes = kCallBytes + wanted->identity.size();
  if (auto decision = plugin_.ask_guest(std::move(call), late, bytes)) late(std::move(*decision));
}

namespace {

auth::AccessAnswer access_answer_of(const Decision& decision, const LoadedPlugin& plugin, auth::Action action) {
  auth::AccessAnswer answer;
  switch (decision.kind) {
    case Decision::Kind::unknown: return answer;  // allowed by no rule: no opinion
    case Decision::Kind::allow: answer.rule = plugin.rule(); return answer;
    case Decision::Kind::deny:
    case Decision::Kind::error:
    case Decision::Kind::go_on: break;
  }
  answer.decision = auth::Decision::deny;
  answer.rule = plugin.rule_of(decision);
  answer.reason = reason_of(decision, action == auth::Action::subscribe ? mqtt::PacketType::suback : mqtt::PacketType::puback);
  return answer;
}

int c_action(auth::Action action) {
  switch (action) {
    case auth::Action::publish: return TOMBO_PUBLISH;
    case auth::Action::subscribe: return TOMBO_SUBSCRIBE;
    case auth::Action::receive:
    case auth::Action::unsubscribe: break;  // of which our own are not asked
  }
  return TOMBO_RECEIVE;
}

int call_authorize(const LoadedPlugin& plugin, std::uint64_t ticket, const auth::Access& access) {
  const CClient client{access.client_id, *access.principal, access.listener};
  tombo_access form{};
  form.size = sizeof form;
  form.action = c_action(access.action);
  form.topic = c_text(access.topic);
  form.qos = static_cast<std::uint32_t>(access.qos);
  form.retain = access.retain ? 1 : 0;
  return plugin.calls().authorize(plugin.self(), ticket, &client.form, &form);
}

/// An access that somebody keeps.
struct KeptAccess {
  explicit KeptAccess(const auth::Access& from)
      : client_id(from.client_id), topic(from.topic), principal(from.principal),
        access{from.action, client_id, principal, from.listener, topic, from.qos, from.retain} {}
  KeptAccess(const KeptAccess&) = delete;
  KeptAccess& operator=(const KeptAccess&) = delete;

  const std::string client_id;
  const std::string topic;
  const std::shared_ptr<const auth::Principal> principal;
  const auth::Access access;
};

}  // namespace

auth::AccessAnswer PluginReferee::judge(const auth::Access& access, std::function<void(auth::AccessAnswer)> later) {
  LoadedPlugin* plugin = &plugin_;
  const auth::Action action = access.action;
  const auto borrowed = [&](std::uint64_t ticket) { return call_authorize(*plugin, ticket, access); };
  if (action == auth::Action::receive) {
    if (!plugin->judges_receiving()) return {};
    return access_answer_of(plugin->ask_now(borrowed), *plugin, action);
  }
  auto done = [plugin, action, later = std::move(later)](const Decision& decision) {
    later(access_answer_of(decision, *plugin, action));
  };
  std::optional<Decision> decision;
  if (plugin->concurrent()) {
    decision = plugin->ask(borrowed, std::move(done), 0);
  } else {
    const auto kept = std::make_shared<const KeptAccess>(access);
    decision = plugin->ask([plugin, kept](std::uint64_t ticket) { return call_authorize(*plugin, ticket, kept->access); },
                           std::move(done), kCallBytes + kept->client_id.size() + kept->topic.size());
  }
  if (!decision) return {.decision = auth::Decision::pending, .reason = {}, .rule = nullptr};
  return access_answer_of(*decision, *plugin, action);
}

}  // namespace tombo::plugin
