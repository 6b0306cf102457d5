#pragma once

#include "tomboctl/import_wish.hpp"

namespace tombo::tomboctl {

/// Writes a mosquitto.conf as TOML, and what was wrong with it to stderr.  Returns the exit code.
int run_import(const ImportWish& wish);

}  // namespace tombo::tomboctl
