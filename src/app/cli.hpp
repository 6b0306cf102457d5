#pragma once

#include "config/load.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::app {

/// Exit codes; scripts and systemd rely on them.
enum ExitCode : int { kExitOk = 0, kExitFailure = 1, kExitConfiguration = 2, kExitMosquittoConfiguration = 3 };

/// What the command line asks for.
struct Cli {
  enum class Action : std::uint8_t {
    run,
    test_config,
    print_config,
    print_options_markdown,
    print_shipped_config,
    print_mosquitto_markdown
  };
  Action action = Action::run;
  std::string file;  // empty: none
  config::Syntax syntax = config::Syntax::by_content;  // of the file
  std::string tls_keylog;  // where secrets of TLS connections are written; empty: nowhere
  std::vector<std::uint16_t> ports;
  bool verbose = false;
  bool quiet = false;
  bool daemon = false;
};

struct Parsed {
  Cli cli;
  bool ends = false;  // nothing to run: help, version or a mistake
  int exit_code = kExitOk;
  std::string out;  // for stdout
  std::string err;  // for stderr
};

/// Reads the command line; prints nothing itself.
Parsed parse_cli(int argc, const char* const* argv);

}  // namespace tombo::app
