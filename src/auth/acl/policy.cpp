#include "auth/acl/policy.hpp"

#include "auth/acl/grants.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tombo::auth::acl {

using mqtt::Qos;
using mqtt::ReasonCode;

namespace {
constexpr RuleId kNoRule = ~RuleId{0};

bool holds_wildcard(std::string_view name) {
  return name.find_first_of("+#") != std::string_view::npos;
}

/// Who is judged by roles: a name that nobody vouches for is none.
Subject vouched_for(std::string_view client_id, const Principal& principal) {
  return {principal.backend.empty() ? std::string_view{} : std::string_view(principal.user_name), client_id, principal};
}
}  // namespace

/// What is asked of the rules.
struct Policy::Question {
  const Access& access;
  Subject subject;
  bool publish() const { return access.action == Action::publish; }
  bool subscribe() const { return access.action == Action::subscribe; }
};

/// What was found out.
struct Policy::Finding {
  enum class Say : std::uint8_t { nothing, deny, allow };
  Say say = Say::nothing;
  RuleId rule = kNoRule;
  ReasonCode reason = ReasonCode::not_authorized;
  Qos qos_max = Qos::exactly_once;
  std::string_view why = {};
  std::shared_ptr<const std::string> place = {};  // where no rule decided
  const Grant* grant = nullptr;
};

/// Of the rules that apply, the one that decides: the first in the files whose limits allow what is asked, for a
/// subscription the one that grants most.
class Policy::Best final : public RuleForest::Listener {
 public:
  Best(const std::vector<Rule>& rules, const Access& access, bool deny, bool any)
      : rules_(rules), access_(access), deny_(deny), any_(any) {}

  bool on_rule(RuleId id) override {
    const Rule& rule = rules_[id];
    if (!deny_ && access_.action == Action::publish && ((access_.retain && !rule.retain) || access_.qos > rule.qos_max)) {
      limited_ = std::min(limited_, id);
      return false;
    }
    const bool more = !deny_ && access_.action == Action::subscribe && best_ != kNoRule && rule.qos_max != rules_[best_].qos_max;
    if (more ? rule.qos_max > rules_[best_].qos_max : id < best_) best_ = id;
    return any_;
  }
  bool deny() const { return deny_; }
  bool found() const { return best_ != kNoRule; }

  Finding finding() const {
    if (found()) {
      return {deny_ ? Finding::Say::deny : Finding::Say::allow, best_, ReasonCode::not_authorized, rules_[best_].qos_max,
              deny_ ? "denied by a rule" : "allowed by a rule"};
    }
    if (limited_ == kNoRule) return {};
    const bool retain = access_.retain && !rules_[limited_].retain;
    return {Finding::Say::deny, limited_, retain ? ReasonCode::not_authorized : ReasonCode::qos_not_supported, Qos::exactly_once,
            retain ? "the role may not retain" : "the QoS is higher than the role's qos_max"};
  }

 private:
  const std::vector<Rule>& rules_;
  const Access& access_;
  bool deny_;
  bool any_;  // the first that is found will do
  RuleId best_ = kNoRule;
  RuleId limited_ = kNoRule;
};

void Policy::look(ScopeId scope, Relation relation, Best& best, const Question& question) const {
  const RuleForest::Root root = book_.scopes[scope].root_for(question.publish(), best.deny());
  book_.forest.find(root, {relation, best.deny(), question.access.topic, question.subject}, best);
}

std::optional<ScopeId> Policy::user_scope(std::string_view user_name) const {
  if (user_name.empty()) return mosquitto_->anonymous;
  const auto known = mosquitto_->users.find(user_name);
  return known == mosquitto_->users.end() ? std::nullopt : std::optional(known->second);
}

/// The user's rules decide, then the patterns.  A subscription is refused only where no delivery that it could bring would
/// be allowed: by a denial of all of it, or because no rule allows a part; each delivery is judged as well.
Policy::Finding Policy::by_mosquitto(const Question& question) const {
  const std::optional<ScopeId> own = user_scope(question.subject.user);
  // What one member of a shared subscription is refused nobody gets: all of it must be allowed, and nothing denied.
  const bool whole = question.access.shared;
  for (const bool patterns : {false, true}) {
    if (!patterns && !own) continue;
    const ScopeId scope = patterns ? mosquitto_->patterns : *own;
    Best deny(book_.rules, question.access, true, false);
    look(scope, question.subscribe() ? (whole ? Relation::overlaps : Relation::covers) : Relation::matches, deny, question);
    if (deny.found()) return deny.finding();
    // As Mosquitto does: no pattern, not even one without a variable, allows anything to such a name.  [CVE-2017-7650]
    if (patterns && (holds_wildcard(question.subject.user) || holds_wildcard(question.subject.client))) break;
    Best allow(book_.rules, question.access, false, question.subscribe());
    look(scope, question.subscribe() ? (whole ? Relation::covers : Relation::overlaps) : Relation::matches, allow, question);
    if (allow.found()) return allow.finding();
  }
  return {};
}

template <class Use>
void Policy::each_role(const Principal& principal, Use use) const {
  const auto all = [&](const std::vector<ScopeId>& scopes) {
    for (const ScopeId scope : scopes) use(scope);
  };
  all(roles_->everybody);
  if (principal.backend.empty()) return all(roles_->anonymous);
  all(roles_->authenticated);
  if (const auto user = roles_->users.find(std::string_view(principal.user_name)); user != roles_->users.end()) all(user->second);
  for (const std::string& group : principal.groups) {
    if (const auto known = roles_->groups.find(std::string_view(group)); known != roles_->groups.end()) all(known->second);
  }
}

Policy::Finding Policy::by_roles(const Question& question) const {
  const Relation deny_relation = question.subscribe() ? Relation::overlaps : Relation::matches;
  Best deny(book_.rules, question.access, true, question.subscribe());
  each_role(question.subject.principal, [&](ScopeId scope) {
    if (!deny.found()) look(scope, deny_relation, deny, question);
  });
  if (deny.found()) return deny.finding();
  const Relation allow_relation = question.subscribe() ? Relation::covers : Relation::matches;
  Best allow(book_.rules, question.access, false, false);
  each_role(question.subject.principal, [&](ScopeId scope) { look(scope, allow_relation, allow, question); });
  return allow.finding();
}

Policy::Finding Policy::by_files(const Access& access) const {
  Finding found;
  if (mosquitto_) {
    found = by_mosquitto({access, {access.principal->user_name, access.client_id, *access.principal}});
    if (found.say == Finding::Say::deny) return found;
  }
  if (roles_) {
    const Finding more = by_roles({access, vouched_for(access.client_id, *access.principal)});
    // A limit of a role does not bind what the other file allows.
    const bool limit = more.say == Finding::Say::deny && book_.rules[more.rule].allow;
    if (found.say == Finding::Say::nothing || (more.say == Finding::Say::deny && !limit)) found = more;
  }
  if (found.say != Finding::Say::nothing) return found;
  found.say = Finding::Say::deny;
  found.why = access.action == Action::subscribe ? "no rule allows the subscription" : "no rule allows it";
  found.place = no_rule_;
  return found;
}

Policy::Finding Policy::by_grants(const Access& access) const {
  const Grant* grant = deciding_grant(access, {access.principal->user_name, access.client_id, *access.principal});
  Finding found;
  found.say = grant != nullptr && grant->allow ? Finding::Say::allow : Finding::Say::deny;
  found.why = grant == nullptr ? "no right that came with the login allows it"
              : grant->allow   ? "allowed by a right that came with the login"
                               : "denied by a right that came with the login";
  found.place = no_grant_;
  found.grant = grant;
  return found;
}

Policy::Finding Policy::decide(const Access& access) const {
  Finding found;
  const bool publish = access.action == Action::publish;
  if (publish && is_below(access.topic, "$SYS")) {
    found.say = Finding::Say::deny;
    found.why = "nobody may publish below $SYS";
    found.place = closed_;
    return found;
  }
  if (access.principal->has_grants) return by_grants(access);
  if (restricts()) return by_files(access);
  const bool closed = publish && is_below(access.topic, "$CONTROL");
  found.say = closed ? Finding::Say::deny : Finding::Say::allow;
  found.why = closed ? "$CONTROL is closed unless a rule opens it" : "there are no rules";
  if (closed) found.place = closed_;
  return found;
}

AccessAnswer Policy::judge(const Access& access) const {
  Finding found = decide(access);
  AccessAnswer answer;
  answer.decision = found.say == Finding::Say::allow ? Decision::allow : Decision::deny;
  answer.reason = found.reason;
  answer.qos_max = found.qos_max;
  answer.rule = found.rule != kNoRule ? book_.rules[found.rule].place : std::move(found.place);
  return answer;
}

Explanation Policy::explain(const Access& access) const {
  const Finding found = decide(access);
  Explanation explanation{judge(access), {}, std::string(found.why)};
  if (found.rule != kNoRule) explanation.text = book_.rules[found.rule].text;
  if (found.grant != nullptr) explanation.text = found.grant->filter;
  return explanation;
}

std::vector<Right> Policy::rights_of(std::string_view client_id, const Principal& principal) const {
  std::vector<Right> rights;
  const auto add_scope = [&](ScopeId scope, const Subject& subject) {
    for (const RuleId id : book_.scopes[scope].rules) {
      const Rule& rule = book_.rules[id];
      const auto filter = TemplateFilter::parse(rule.filter, rule.variables);
      const auto expanded = filter ? filter->expand(subject) : std::nullopt;
      if (!expanded) continue;
      if (rule.publish) rights.push_back({true, rule.allow, *expanded, rule.retain, rule.qos_max});
      if (rule.read) rights.push_back({false, rule.allow, *expanded, true, rule.qos_max});
    }
  };
  if (principal.has_grants) return rights;
  if (mosquitto_) {
    const Subject subject{principal.user_name, client_id, principal};
    if (const auto own = user_scope(principal.user_name)) add_scope(*own, subject);
    add_scope(mosquitto_->patterns, subject);
  }
  if (roles_) each_role(principal, [&](ScopeId scope) { add_scope(scope, vouched_for(client_id, principal)); });
  std::sort(rights.begin(), rights.end());
  rights.erase(std::unique(rights.begin(), rights.end()), rights.end());
  return rights;
}

}  // namespace tombo::auth::acl
