#pragma once

#include "app/cli.hpp"
#include "config/load.hpp"

namespace tombo::app {

/// Who Mosquitto is where its file names nobody.
inline constexpr const char* kMosquittosUser = "mosquitto";

/// The options that a command line and its file amount to, with everything that was wrong.
config::Loaded options_from(const Cli& cli);

/// Leaves out listeners on ::1 that stand there by default where the machine has no IPv6.  True if one was
/// left out.
bool drop_missing_ipv6(config::Options& options);

/// "file:line:column: message", in one line for the log.
std::string in_one_line(const config::Problem& problem);

}  // namespace tombo::app
