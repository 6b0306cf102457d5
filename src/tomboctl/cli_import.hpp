#pragma once

#include "tomboctl/cli.hpp"

namespace CLI {
class App;
}

namespace tombo::tomboctl {

/// Adds `import`.  What it says ends in `invocation`.
void describe_import(CLI::App& app, Invocation& invocation);

}  // namespace tombo::tomboctl
