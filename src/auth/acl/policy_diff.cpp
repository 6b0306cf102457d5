#include "auth/acl/policy_diff.hpp"

#include "mqtt/topic.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tombo::auth::acl {

namespace {

Explanation ask(const Policy& policy, const DiffClient& client, std::string_view filter) {
  return policy.explain({Action::subscribe, client.client_id, client.principal, 0, filter, mqtt::Qos::at_most_once, false});
}

bool same(const AccessAnswer& a, const AccessAnswer& b) {
  return a.decision == b.decision && (a.decision != Decision::allow || a.qos_max == b.qos_max);
}

}  // namespace

std::vector<Difference> diff(const Policy& old_policy, const Policy& new_policy, std::span<const DiffClient> clients) {
  std::vector<Difference> differences;
  for (const DiffClient& client : clients) {
    Difference found{client.client_id, client.principal->user_name, {}, {}, {}};
    for (const std::string& text : client.subscriptions) {
      const mqtt::ParsedFilter filter = mqtt::parse_filter(text);
      if (!filter.valid) continue;
      Explanation before = ask(old_policy, client, filter.filter);
      Explanation after = ask(new_policy, client, filter.filter);
      if (!same(before.answer, after.answer)) found.subscriptions.push_back({text, std::move(before), std::move(after)});
    }
    const auto had = old_policy.rights_of(client.client_id, *client.principal);
    const auto has = new_policy.rights_of(client.client_id, *client.principal);
    std::set_difference(had.begin(), had.end(), has.begin(), has.end(), std::back_inserter(found.gone));
    std::set_difference(has.begin(), has.end(), had.begin(), had.end(), std::back_inserter(found.fresh));
    if (!found.subscriptions.empty() || !found.gone.empty() || !found.fresh.empty()) differences.push_back(std::move(found));
  }
  return differences;
}

}  // namespace tombo::auth::acl
