#pragma once

#include "app/cli.hpp"
#include "base/log.hpp"
#include "config/options.hpp"
#include "control/reloaded.hpp"

#include <memory>

namespace tombo::app {

/// What SIGHUP makes of the running options: reads the file again, logs each change and what needs a restart.
/// Returns the options to go on with; nullptr when nothing changes, also because the file has mistakes (which
/// are logged).  `outcome` is told the same.
std::shared_ptr<const config::Options> reloaded(const Cli& cli, const config::Options& running,
                                                const log::Logger& log, control::Reloaded& outcome);

}  // namespace tombo::app
