#pragma once

#include "auth/principal.hpp"
#include "mqtt/message.hpp"
#include "session/will.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace tombo::broker {

/// A will on its way out, and whose it is: that session may be over before all verdicts have come.
/// Lives on: any thread (immutable).
struct LeftWill {
  session::Will will;
  mqtt::Origin origin = 0;
  std::uint64_t publisher_hash = 0;
  std::string client_id;
  std::shared_ptr<const auth::Principal> principal;
  std::size_t listener = 0;
};

}  // namespace tombo::broker
