#pragma once

#include "auth/principal.hpp"
#include "store/owner_row.hpp"
#include "store/rows.hpp"

#include <cstdint>
#include <memory>

namespace tombo::broker {

/// What a will's row says of its owner besides the name; empty where the name says all.
std::string owner_of_will(const auth::Principal& principal, std::uint16_t listener);
/// The owner of a session that was kept: its name, whether anybody vouched for it and, where a will waits to be judged,
/// what its rights hung on.  `listener` is set to the one by which it came, as far as that is known.
std::shared_ptr<const auth::Principal> kept_owner(const store::SessionRow& row, std::uint16_t& listener);

}  // namespace tombo::broker
