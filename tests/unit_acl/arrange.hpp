#pragma once

#include "auth/acl/policy.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::test {

using auth::Action;
using auth::Decision;
using auth::acl::Policy;
using PolicyPtr = std::shared_ptr<const Policy>;

inline std::string all_of(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += config::to_text(problem) + "\n";
  return text;
}

/// A policy from texts; empty: there is no such file.
inline PolicyPtr policy_of(const std::string& acl, const std::string& roles = {}) {
  const Policy::Source acl_source{"acl.conf", acl};
  const Policy::Source roles_source{"roles.toml", roles};
  auto parsed = Policy::parse(acl.empty() ? nullptr : &acl_source, roles.empty() ? nullptr : &roles_source);
  if (parsed) return *parsed;
  ADD_FAILURE() << all_of(parsed.error());
  return *Policy::parse(nullptr, nullptr);
}
inline PolicyPtr roles_of(const std::string& roles) {
  return policy_of({}, roles);
}

/// Everything wrong with a text, as an operator sees it.
inline std::string problems_of(const std::string& acl, const std::string& roles = {}) {
  const Policy::Source acl_source{"acl.conf", acl};
  const Policy::Source roles_source{"roles.toml", roles};
  const auto parsed = Policy::parse(acl.empty() ? nullptr : &acl_source, roles.empty() ? nullptr : &roles_source);
  return parsed ? "loaded\n" + all_of((*parsed)->warnings()) : all_of(parsed.error());
}

/// Somebody who asks a policy.
struct Asker {
  std::string client = "c1";
  auth::Principal who;

  Asker() { who.backend = "passwords"; }
  explicit Asker(std::string user, std::string client_id = "c1") : Asker() {
    who.user_name = std::move(user);
    client = std::move(client_id);
    if (who.user_name.empty()) who.backend.clear();
  }

  auth::acl::Explanation explain(const Policy& policy, Action action, std::string_view topic, int qos = 0,
                                 bool retain = false) const {
    const auto shared = std::make_shared<const auth::Principal>(who);
    return policy.explain({action, client, shared, 0, topic, static_cast<mqtt::Qos>(qos), retain});
  }
  auth::AccessAnswer ask(const PolicyPtr& policy, Action action, std::string_view topic, int qos = 0, bool retain = false) const {
    return explain(*policy, action, topic, qos, retain).answer;
  }
  bool publishes(const PolicyPtr& policy, std::string_view topic) const {
    return ask(policy, Action::publish, topic).decision == Decision::allow;
  }
  bool subscribes(const PolicyPtr& policy, std::string_view topic) const {
    return ask(policy, Action::subscribe, topic).decision == Decision::allow;
  }
  bool receives(const PolicyPtr& policy, std::string_view topic) const {
    return ask(policy, Action::receive, topic).decision == Decision::allow;
  }
  /// "acl.conf:3"
  std::string rule(const PolicyPtr& policy, Action action, std::string_view topic) const {
    const auto answer = ask(policy, action, topic);
    return answer.rule ? *answer.rule : "";
  }
};

}  // namespace tombo::test
