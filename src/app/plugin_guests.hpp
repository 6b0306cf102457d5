#pragma once

#include "auth/chain/snapshot.hpp"
#include "config/options.hpp"
#include "plugin/plugin_host.hpp"

#include <string>
#include <vector>

namespace tombo::app {

/// What plugins are to the guard; they live on in `plugins`, which outlives it and may be null.  Main.
auth::Guests guests_of(plugin::Plugins* plugins, const config::Options& options);

/// Listeners that have pre-shared keys from plugins alone, and of whose plugins none gives any: nobody gets in there.  Main.
std::vector<std::string> listeners_without_keys(plugin::Plugins* plugins, const config::Options& options);

// For a look at the configuration that runs nothing of a plugin.

/// Backends by the names of the plugins, none of which lets anybody in.  Main.
auth::Guests guests_in_name_only(const config::Options& options);
/// Plugins whose files cannot be read.  Main; blocks on files.
std::vector<std::string> problems_of_plugin_files(const config::Options& options);

}  // namespace tombo::app
