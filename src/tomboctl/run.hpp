#pragma once

#include "tomboctl/cli.hpp"

namespace tombo::tomboctl {

/// Asks the broker and writes its answer to stdout, troubles to stderr.  Returns the exit code.
int run(const Invocation& invocation);

}  // namespace tombo::tomboctl
