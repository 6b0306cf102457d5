#pragma once

#include "tomboctl/cli.hpp"

namespace CLI {
class App;
}

namespace tombo::tomboctl {

/// Adds the word `passwd`.  What it says ends in `invocation`.
void describe_passwd(CLI::App& app, Invocation& invocation);

}  // namespace tombo::tomboctl
