#include "auth/guard.hpp"

#include "auth/backends.hpp"
#include "auth/chain/access_inquiry.hpp"
#include "auth/chain/guarded_exchange.hpp"
#include "auth/chain/identity.hpp"
#include "auth/chain/key_inquiry.hpp"
#include "auth/chain/login_inquiry.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

namespace tombo::auth {

namespace {

using mqtt::ReasonCode;

/// Where a client would have to be proved by its transport and is not, whatever it knows.
class Refusal final : public Exchange {
 public:
  ExchangeAnswer step(std::string_view, std::function<void(ExchangeAnswer)>) override {
    return {ExchangeAnswer::Step::deny, {}, ReasonCode::not_authorized, nullptr, "the transport proved no user name"};
  }
};

}  // namespace

Guard::Guard(const config::Options& options, const Clock& clock, log::Logger log, Guests guests)
    : clock_(clock), log_(log), guests_(std::move(guests)), workers_(options.auth.workers, options.auth.waiting_max) {}

Guard::~Guard() {
  close();
  current_.exchange(nullptr);
}

Result<std::unique_ptr<Guard>, Problems> Guard::open(const config::Options& options, const Clock& clock, log::Logger log,
                                                     Guests guests) {
  std::unique_ptr<Guard> guard{new Guard(options, clock, log, std::move(guests))};
  if (auto read = guard->reload(options); !read) return Failure{read.error()};
  return guard;
}

Result<void, Problems> Guard::reload(const config::Options& options) {
  auto made = make_snapshot(options, guests_, workers_, clock_);
  if (!made) return Failure{made.error()};
  workers_.set_waiting_max(options.auth.waiting_max);
  const bool restricts = (*made)->restricts();
  const bool restricts_receiving = (*made)->restricts_receiving();
  const bool knows_users = (*made)->knows_users();
  const bool asks_for_all = (*made)->asks_for_all();
  const bool remembers = (*made)->referees.empty();
  for (const auto& warning : (*made)->policy->warnings()) log_.warning("{}", config::to_text(warning));
  for (const auto& [file, policy] : (*made)->own_policies) {
    for (const auto& warning : policy->warnings()) log_.warning("{}", config::to_text(warning));
  }
  if (!remembers) remembers_.store(false, std::memory_order_release);
  all_.push_back(*made);
  // Stricter before the new rules hold, laxer after: in between nobody may do what neither rules allow.
  if (restricts) restricts_.store(true, std::memory_order_release);
  if (restricts_receiving) restricts_receiving_.store(true, std::memory_order_release);
  if (knows_users) knows_users_.store(true, std::memory_order_release);
  if (asks_for_all) asks_for_all_.store(true, std::memory_order_release);
  current_.exchange(std::move(*made));
  knows_users_.store(knows_users, std::memory_order_release);
  asks_for_all_.store(asks_for_all, std::memory_order_release);
  remembers_.store(remembers, std::memory_order_release);
  restricts_.store(restricts, std::memory_order_release);
  restricts_receiving_.store(restricts_receiving, std::memory_order_release);
  policy_.fetch_add(1, std::memory_order_acq_rel);
  let_go_of_the_old();
  log_.debug("auth rules are read policy={} backends={} referees={}", policy(), all_.back()->own.size(),
             all_.back()->referees.size());
  return {};
}

void Guard::let_go_of_the_old() {
  // One that only stands in all_ cannot be taken by anybody any more.
  std::erase_if(all_, [](const auto& snapshot) { return snapshot.use_count() == 1; });
}

void Guard::close() {
  gate_->close();
  workers_.stop();
}

std::vector<std::string> Guard::files(const config::Options& options) {
  std::set<std::string> named(options.auth.backends.begin(), options.auth.backends.end());
  std::vector<std::string> all{options.acl.file, options.acl.roles_file};
  for (const auto& listener : options.listeners) {
    named.insert(listener.authentication.begin(), listener.authentication.end());
    all.insert(all.end(), {listener.password_file, listener.acl_file});
  }
  if (!options.http.acl_url.empty()) all.push_back(options.http.ca_file);
  for (const auto& name : named) {
    if (const BackendKind* kind = find_backend(name)) {
      for (auto& file : kind->files(options)) all.push_back(std::move(file));
    }
  }
  return all;
}

LoginAnswer Guard::login(const Login& login, std::function<void(LoginAnswer)> later) {
  auto snapshot = current_.load();
  if (login.listener >= snapshot->doors.size())
    return {Decision::deny, ReasonCode::not_authorized, nullptr, "this listener is unknown"};
  const auto inquiry =
      std::make_shared<LoginInquiry>(std::move(snapshot), std::make_shared<const Login>(login), gate_, std::move(later));
  return inquiry->begin();
}

std::unique_ptr<Exchange> Guard::begin_exchange(std::string_view method, const Login& login) {
  auto snapshot = current_.load();
  if (login.listener >= snapshot->doors.size()) return nullptr;
  const Door& door = snapshot->doors[login.listener];
  const auto copy = std::make_shared<const Login>(login);
  for (Backend* backend : door.backends) {
    auto exchange = backend->begin(method, copy);
    if (!exchange) continue;
    if (door.takes_transport() && login.peer->user_name.empty()) return std::make_unique<Refusal>();
    return std::make_unique<GuardedExchange>(std::move(snapshot), copy, gate_, std::string{backend->name()}, std::move(exchange));
  }
  return nullptr;
}

void Guard::psk_key(KeyWanted wanted, std::function<void(std::shared_ptr<const PskKey>)> later) {
  auto snapshot = current_.load();
  if (wanted.listener >= snapshot->doors.size()) return later(nullptr);
  std::make_shared<KeyInquiry>(std::move(snapshot), std::make_shared<const KeyWanted>(std::move(wanted)), gate_, std::move(later))
      ->begin();
}

acl::Explanation Guard::explain(const Access& access) const {
  const auto snapshot = current_.load();
  if (snapshot->knows(access)) return snapshot->policy_of(access).explain(access);
  return {snapshot->judge(access), {}, "there is no such listener"};
}

config::Acl Guard::sources() const { return current_.load()->sources; }

AccessAnswer Guard::access(const Access& access, std::function<void(AccessAnswer)> later) {
  auto snapshot = current_.load();
  // Of unsubscribing the policy has no opinion.
  auto answer = access.action == Action::unsubscribe ? AccessAnswer{} : snapshot->judge(access);
  const bool for_all = access.action == Action::receive || access.action == Action::unsubscribe;
  if (for_all && !snapshot->asks_for_all()) return answer;
  // Without rules $CONTROL is closed, but for whom a referee allows it in so many words.
  const bool control = access.topic.starts_with("$CONTROL/") && access.action == Action::publish && snapshot->asks_for_all() &&
                       snapshot->knows(access) && !snapshot->policy_of(access).restricts() && !access.principal->has_grants;
  if (control) answer = {};
  if (answer.decision != Decision::allow || snapshot->referees.empty()) return answer;
  return std::make_shared<AccessInquiry>(std::move(snapshot), access, std::move(answer), gate_, std::move(later))->begin();
}

}  // namespace tombo::auth
