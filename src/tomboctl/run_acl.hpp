#pragma once

#include "tomboctl/acl_wish.hpp"

namespace tombo::tomboctl {

/// Answers what is asked about rules in files; answers go to stdout, troubles to stderr.  Returns the exit code.
int run_acl(const AclWish& wish);

}  // namespace tombo::tomboctl
