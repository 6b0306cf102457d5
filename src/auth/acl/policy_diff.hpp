#pragma once

#include "auth/acl/policy.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tombo::auth::acl {

/// Somebody who is connected, as far as a change of rights matters to him.
struct DiffClient {
  std::string client_id;
  std::shared_ptr<const Principal> principal;  // not null
  std::vector<std::string> subscriptions;      // filters as they were subscribed; $share/name/ may stand before them
};

/// What another policy changes for one client.
struct Difference {
  struct Subscription {
    std::string filter;
    Explanation before;
    Explanation after;
    bool gained() const { return after.answer.decision == Decision::allow; }
  };
  std::string client_id;
  std::string user_name;
  std::vector<Subscription> subscriptions;  // whose verdict changes; also a lower or higher qos_max
  std::vector<Right> gone;                  // rules of the old policy that the new one does not have
  std::vector<Right> fresh;                 // and the reverse
};

/// Judges the clients' subscriptions by both policies and compares the rules that concern them.  Clients for whom nothing
/// changes are left out; so are rules that only stand in another place.
std::vector<Difference> diff(const Policy& old_policy, const Policy& new_policy, std::span<const DiffClient> clients);

}  // namespace tombo::auth::acl
