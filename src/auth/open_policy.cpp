#include "auth/open_policy.hpp"

#include <string_view>
#include <utility>

namespace tombo::auth {

namespace {

/// Whether the first level of a topic is `root`.
bool lies_below(std::string_view topic, std::string_view root) {
  return topic.starts_with(root) && (topic.size() == root.size() || topic[root.size()] == '/');
}

}  // namespace

Result<std::shared_ptr<const OpenPolicy>, Problems> OpenPolicy::load(const config::Acl& options) {
  Problems problems;
  for (const auto& file : {options.file, options.roles_file}) {
    if (!file.empty()) problems.push_back(file + ": this broker is built without access rules");
  }
  if (!problems.empty()) return Failure{std::move(problems)};
  return std::shared_ptr<const OpenPolicy>(std::make_shared<const OpenPolicy>());
}

AccessAnswer OpenPolicy::judge(const Access& access) const {
  if (access.principal->has_grants) return {Decision::deny, mqtt::ReasonCode::not_authorized, unjudged_};
  const bool ours = lies_below(access.topic, "$SYS") || lies_below(access.topic, "$CONTROL");
  if (access.action == Action::publish && ours) return {Decision::deny, mqtt::ReasonCode::not_authorized, closed_};
  return {};
}

}  // namespace tombo::auth
