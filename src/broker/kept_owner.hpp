#pragma once

#include "auth/principal.hpp"
#include "store/owner_row.hpp"
#include "store/rows.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::broker {

/// What a row says of somebody besides the name; empty where the name says all.
std::string owner_row_of(const auth::Principal& principal, std::uint16_t listener);
/// Who that was: the name, whether anybody vouched for it, and an OwnerRow or nothing.  `listener` is set to the one by which
/// he came, as far as that is known.
std::shared_ptr<const auth::Principal> kept_owner(std::string_view user_name, bool vouched, std::string_view owner,
                                                  std::uint16_t& listener);
/// The owner of a session that was kept; where a will waits to be judged, with what its rights hung on.
std::shared_ptr<const auth::Principal> kept_owner(const store::SessionRow& row, std::uint16_t& listener);

}  // namespace tombo::broker
