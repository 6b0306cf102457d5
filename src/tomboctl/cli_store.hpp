#pragma once

#include "tomboctl/cli.hpp"

namespace CLI {
class App;
}

namespace tombo::tomboctl {

/// Adds the words that concern the store: `store ...`, `backup` and `restore`.  What they say ends in `invocation`.
void describe_store(CLI::App& app, Invocation& invocation);

}  // namespace tombo::tomboctl
