#pragma once

#include "tomboctl/cli.hpp"

namespace CLI {
class App;
}

namespace tombo::tomboctl {

/// Adds the words that concern rules: `acl ...`.  What they say ends in `invocation`.
void describe_acl(CLI::App& app, Invocation& invocation);
/// When all has been read: whether files are asked or the broker.
void finish_acl(Invocation& invocation);

}  // namespace tombo::tomboctl
