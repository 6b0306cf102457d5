#pragma once

#include "tomboctl/store_wish.hpp"

namespace tombo::tomboctl {

/// Does what concerns a store on disk; answers go to stdout, troubles to stderr.  Returns the exit code.
int run_store(const StoreWish& wish);

}  // namespace tombo::tomboctl
