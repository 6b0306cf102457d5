#pragma once

#include "auth/backends.hpp"
#include "auth/acl/policy.hpp"
#include "config/options.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tombo::auth {

/// Backends and referees that others made and that stay over reloads, such as plugins.
struct Guests {
  std::vector<std::shared_ptr<Backend>> backends;  // found by their name(): "plugin:NAME"
  std::vector<std::shared_ptr<Referee>> referees;
};

/// How a client comes in at one listener.
struct Door {
  bool anonymous = false;
  config::UserNameFrom user_name_from = config::UserNameFrom::connect;
  std::vector<Backend*> backends;  // in the order in which they are asked

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
  std::shared_ptr<const acl::Policy> policy;
  bool grants_may_come = false;   // some backend may tell rights with a login
  config::Acl sources;            // of the policy

  /// Some door tells users apart by more than their word.
  bool knows_users() const {
    for (const Door& door : doors) {
      if (!door.backends.empty() || door.takes_transport()) return true;
    }
    return false;
  }
  bool restricts() const { return policy->restricts() || !referees.empty() || grants_may_come; }
  bool restricts_receiving() const { return policy->restricts_receiving() || grants_may_come; }
};

/// Everything read anew, or all that is wrong.  Main; blocks on files.
Result<std::shared_ptr<const Snapshot>, Problems> make_snapshot(const config::Options& options, const Guests& guests,
                                                                Workers& workers, const Clock& clock);

}  // namespace tombo::auth
