#include "auth/chain/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace tombo::auth {

namespace {

constexpr std::string_view kPasswords = "passwords";

/// Makes a snapshot, collecting all that is wrong on the way.
class Maker {
 public:
  Maker(const config::Options& options, const Guests& guests, Workers& workers, const Clock& clock)
      : options_(options), workers_(workers), clock_(clock), made_(std::make_shared<Snapshot>()) {
    made_->guests = guests;
    for (const auto& guest : guests.backends) by_name_.emplace(guest->name(), guest.get());
    for (const auto& giver : guests.key_givers) givers_.emplace(giver->name(), giver.get());
  }

  Result<std::shared_ptr<const Snapshot>, Problems> make() {
    made_->policy = load_policy(options_.acl);
    for (const auto& listener : options_.listeners) open_door(listener);
    add_referees();
    made_->sources = options_.acl;
    if (!problems_.empty()) return Failure{std::move(problems_)};
    return std::shared_ptr<const Snapshot>(std::move(made_));
  }

 private:
  void blame(const Problems& problems) { problems_.insert(problems_.end(), problems.begin(), problems.end()); }

  void open_door(const config::Listener& listener) {
    using config::Anonymous;
    Door door;
    door.anonymous =
        listener.anonymous == Anonymous::allow || (listener.anonymous == Anonymous::as_broker && options_.allow_anonymous);
    door.user_name_from = listener.user_name_from;
    const auto& bystanders = made_->guests.bystanders;
    for (const auto& name : chain_of(listener)) {
      const auto giver = givers_.find(name);
      if (giver != givers_.end()) door.key_givers.push_back(giver->second);
      if (giver != givers_.end() && !by_name_.contains(name)) continue;  // it does nothing else
      if (std::find(bystanders.begin(), bystanders.end(), name) != bystanders.end()) continue;
      const bool own_users = name == kPasswords && !listener.password_file.empty();
      Backend* backend = own_users ? passwords_in(listener.password_file) : backend_named(name);
      if (backend == nullptr) continue;
      door.backends.push_back(backend);
      made_->grants_may_come = made_->grants_may_come || may_grant(name);
    }
    door.policy = policy_of(listener);
    made_->doors.push_back(std::move(door));
  }

  /// A listener with users of its own asks for their passwords, or it would let in whoever names one.
  std::vector<std::string> chain_of(const config::Listener& listener) {
    const auto& chain = listener.authentication.empty() ? options_.auth.backends : listener.authentication;
    if (listener.password_file.empty()) return chain;
    if (chain.empty()) return {std::string{kPasswords}};
    if (std::find(chain.begin(), chain.end(), kPasswords) == chain.end()) {
      problems_.push_back(fmt::format("{}: this password_file of a listener is not asked, because backend passwords is not "
                                      "among {}", listener.password_file, fmt::join(chain, ", ")));
    }
    return chain;
  }

  /// nullptr, and a problem the first time, where there is none: then there is no snapshot either.
  Backend* backend_named(const std::string& name) {
    if (const auto known = by_name_.find(name); known != by_name_.end()) return known->second;
    const BackendKind* kind = find_backend(name);
    Backend* backend = kind != nullptr ? make_own(*kind, options_) : nullptr;
    if (kind == nullptr) problems_.push_back(fmt::format("there is no backend \"{}\"", name));
    return by_name_.emplace(name, backend).first->second;
  }

  /// Backend passwords with the users of another file, which several listeners may share.
  Backend* passwords_in(const std::string& file) {
    if (const auto known = by_file_.find(file); known != by_file_.end()) return known->second;
    config::Options with_file = options_;
    with_file.passwords.file = file;
    return by_file_.emplace(file, make_own(*find_backend(kPasswords), with_file)).first->second;
  }

  /// The rules of a listener; the pointer is null where they cannot be read: then there is no snapshot either.
  const acl::Policy* policy_of(const config::Listener& listener) {
    if (listener.acl_file.empty()) return made_->policy.get();
    auto& own = made_->own_policies;
    if (const auto known = own.find(listener.acl_file); known != own.end()) return known->second.get();
    config::Acl files;
    files.file = listener.acl_file;
    return own.emplace(listener.acl_file, load_policy(files, " (acl_file of a listener)")).first->second.get();
  }

  std::shared_ptr<const acl::Policy> load_policy(const config::Acl& files, std::string_view whose = "") {
    auto policy = acl::Policy::load(files);
    if (policy) return std::move(*policy);
    for (config::Problem problem : policy.error()) {
      problem.message += whose;
      problems_.push_back(config::to_text(problem));
    }
    return nullptr;
  }

  Backend* make_own(const BackendKind& kind, const config::Options& options) {
    auto backend = kind.make(options, workers_, clock_);
    if (!backend) {
      blame(backend.error());
      return nullptr;
    }
    made_->own.push_back(std::move(*backend));
    return made_->own.back().get();
  }

  void add_referees() {
    if (!options_.http.acl_url.empty()) {
      auto referee = make_http_acl(options_, workers_, clock_);
      if (referee) {
        made_->own_referees.push_back(std::move(*referee));
      } else {
        blame(referee.error());
      }
    }
    for (const auto& referee : made_->own_referees) made_->referees.push_back(referee.get());
    for (const auto& referee : made_->guests.referees) made_->referees.push_back(referee.get());
  }

  /// Whether logins by this backend may come with rights of their own.
  bool may_grant(std::string_view name) const {
    if (name == "jwt") return !options_.jwt.acl_claim.empty();
    if (name == "sql") return !options_.sql.acl_query.empty();
    return name != "passwords" && name != "scram" && name != "ldap";
  }

  const config::Options& options_;
  Workers& workers_;
  const Clock& clock_;
  std::shared_ptr<Snapshot> made_;
  std::map<std::string, Backend*, std::less<>> by_name_;
  std::map<std::string, KeyGiver*, std::less<>> givers_;
  std::map<std::string, Backend*> by_file_;  // passwords of listeners
  Problems problems_;
};

}  // namespace

Result<std::shared_ptr<const Snapshot>, Problems> make_snapshot(const config::Options& options, const Guests& guests,
                                                                Workers& workers, const Clock& clock) {
  return Maker{options, guests, workers, clock}.make();
}

}  // namespace tombo::auth
