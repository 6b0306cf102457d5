#pragma once

#include "auth/backends.hpp"
#include "auth/acl/policy.hpp"
#include "auth/psk.hpp"
#include "config/options.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tombo::auth {

/// Backends and referees that others made and that stay over reloads, such as plugins.
struct Guests {
  std::vector<std::shared_ptr<Backend>> backends;  // found by their name(): "plugin:NAME"
  std::vector<std::shared_ptr<Referee>> referees;
  std::vector<std::shared_ptr<KeyGiver>> key_givers;  // found by their name(), which may be a backend's, too
  std::vector<std::string> bystanders;                // names that may stand among backends and are asked about no login
};

/// How a client comes in at one listener, and by which rules it is judged then.
struct Door {
  bool anonymous = false;
  config::UserNameFrom user_name_from = config::UserNameFrom::connect;
  std::vector<Backend*> backends;  // in the order in which they are asked
  std::vector<KeyGiver*> key_givers;  // in the same order
  const acl::Policy* policy = nullptr;  // its own, or the broker's

  bool takes_transport() const { return user_name_from != config::UserNameFrom::connect; }
};

/// All that decides at one time.  Immutable once made, but for what backends keep for themselves.
/// A shard may hold the last reference no longer than Guard does: backends die on the main thread.
struct Snapshot {
  std::vector<std::unique_ptr<Backend>> own;
  std::vector<std::unique_ptr<Referee>> own_referees;
  Guests guests;
  std::vector<Door> doors;        // by listener
  std::vector<Referee*> referees; // all are asked, in this order
  std::shared_ptr<const acl::Policy> policy;  // of [acl]
  std::map<std::string, std::shared_ptr<const acl::Policy>> own_policies;  // of listeners, by file
  bool grants_may_come = false;   // some backend may tell rights with a login
  config::Acl sources;            // of the policy

  /// Some door tells users apart by more than their word.
  bool knows_users() const {
    for (const Door& door : doors) {
      if (!door.backends.empty() || door.takes_transport()) return true;
    }
    return false;
  }
  /// False for what comes from a listener that there is not any more: nobody knows which rules would hold.
  bool knows(const Access& access) const { return access.listener < doors.size(); }
  /// The rules of the listener by which somebody came.  Needs knows().
  const acl::Policy& policy_of(const Access& access) const { return *doors[access.listener].policy; }
  /// What the rules say.
  AccessAnswer judge(const Access& access) const {
    if (knows(access)) return policy_of(access).judge(access);
    AccessAnswer answer;
    answer.decision = Decision::deny;
    return answer;
  }
  bool restricts() const { return policy->restricts() || !own_policies.empty() || !referees.empty() || grants_may_come; }
  bool asks_for_all() const {
    for (const Referee* referee : referees) {
      if (referee->asks_for_all()) return true;
    }
    return false;
  }
  bool restricts_receiving() const { return policy->restricts_receiving() || !own_policies.empty() || grants_may_come; }
};

/// Everything read anew, or all that is wrong.  Main; blocks on files.
Result<std::shared_ptr<const Snapshot>, Problems> make_snapshot(const config::Options& options, const Guests& guests,
                                                                Workers& workers, const Clock& clock);

}  // namespace tombo::auth
