#pragma once

#include "auth/acl/subject.hpp"
#include "auth/authenticator.hpp"

#include <string_view>

namespace tombo::auth::acl {

/// What the rights that came with a login make of an access: the one that decided, null if none allows it.
/// Those that deny come first; a wanted subscription must be covered by one that allows and overlap none that denies.
/// Filters come from outside: one that is broken allows nothing, and denies everything.
const Grant* deciding_grant(const Access& access, const Subject& subject);

}  // namespace tombo::auth::acl
