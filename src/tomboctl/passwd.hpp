#pragma once

#include "tomboctl/passwd_wish.hpp"

namespace tombo::tomboctl {

/// Creates or edits a password file.  The new file takes the old one's place at once and whole; it keeps owner and group,
/// and is never more open than 0640.  Troubles go to stderr.  Returns the exit code.
int run_passwd(const PasswdWish& wish);

}  // namespace tombo::tomboctl
