#pragma once

#include <string>

namespace tombo::tomboctl {

/// Exit codes; scripts rely on them.
enum ExitCode : int { kExitOk = 0, kExitRefused = 1, kExitUsage = 2, kExitNoBroker = 3 };

/// What kept a command from its answer: one line for people, and what the shell is told.
struct Trouble {
  ExitCode exit_code = kExitRefused;
  std::string text;
};

}  // namespace tombo::tomboctl
