#pragma once

#include "connection.hpp"

#include <string>
#include <string_view>

namespace tombo::bench {

/// A connection with a session that outlives it (3.1.1, clean session 0).
struct PersistentSession {
  Link link;
  bool present;  ///< The broker had it already.
};
[[nodiscard]] PersistentSession open_persistent(std::uint16_t port, std::string_view client_id);

std::string away_topic(std::uint32_t session);

}  // namespace tombo::bench
