#include "auth/chain/snapshot.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <utility>

namespace tombo::auth {

namespace {

/// Makes a snapshot, collecting all that is wrong on the way.
class Maker {
 public:
  Maker(const config::Options& options, const Guests& guests, Workers& workers, const Clock& clock)
      : options_(options), workers_(workers), clock_(clock), made_(std::make_shared<Snapshot>()) {
    made_->guests = guests;
    for (const auto& guest : guests.backends) by_name_.emplace(guest->name(), guest.get());
  }

  Result<std::shared_ptr<const Snapshot>, Problems> make() {
    for (const auto& listener : options_.listeners) open_door(listener);
    add_referees();
    auto policy = acl::Policy::load(options_.acl);
    if (policy) {
      made_->policy = std::move(*policy);
    } else {
      for (const auto& problem : policy.error()) problems_.push_back(config::to_text(problem));
    }
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
    for (const auto& name : listener.authentication.empty() ? options_.auth.backends : listener.authentication) {
      Backend* backend = backend_named(name);
      if (backend == nullptr) continue;
      door.backends.push_back(backend);
      made_->grants_may_come = made_->grants_may_come || may_grant(name);
    }
    made_->doors.push_back(std::move(door));
  }

  /// nullptr, and a problem the first time, where there is none: then there is no snapshot either.
  Backend* backend_named(const std::string& name) {
    if (const auto known = by_name_.find(name); known != by_name_.end()) return known->second;
    const BackendKind* kind = find_backend(name);
    Backend* backend = kind != nullptr ? make_own(*kind) : nullptr;
    if (kind == nullptr) problems_.push_back(fmt::format("there is no backend \"{}\"", name));
    return by_name_.emplace(name, backend).first->second;
  }

  Backend* make_own(const BackendKind& kind) {
    auto backend = kind.make(options_, workers_, clock_);
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
  Problems problems_;
};

}  // namespace

Result<std::shared_ptr<const Snapshot>, Problems> make_snapshot(const config::Options& options, const Guests& guests,
                                                                Workers& workers, const Clock& clock) {
  return Maker{options, guests, workers, clock}.make();
}

}  // namespace tombo::auth
