#pragma once

#include "mqtt/packet_views.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::auth {

/// A right that came with a login: from a token's claim or a database.
struct Grant {
  std::string filter;          // topic filter; %u and %c were not replaced yet
  bool publish = false;
  bool subscribe = false;
  bool allow = true;
};

/// Who somebody turned out to be.  Immutable once made: shared by the session and everything that judges it.
struct Principal {
  std::string user_name;              // empty: anonymous
  std::string backend;                // that vouches: "passwords"; empty: nobody does (anonymous, or nobody was asked)
  std::vector<std::string> groups;
  std::vector<Grant> grants;
  bool has_grants = false;            // grants decide, even when there are none
  std::vector<std::pair<std::string, std::string>> attributes;  // for templates: "cn" → "sensor-7"
  std::int64_t ends_at_s = 0;         // wall clock; the connection ends then.  0: never
};

/// An anonymous one, shared by all who are.
const std::shared_ptr<const Principal>& nobody();
/// One of whom only the name is known.
std::shared_ptr<const Principal> somebody(std::string_view user_name);
/// The owner of a session that was kept over a restart: somebody vouched for the name, what else was known is gone.
std::shared_ptr<const Principal> kept_user(std::string_view user_name);

}  // namespace tombo::auth
