#pragma once

#include <string>

namespace tombo::tomboctl {

/// What the command line asks to be done with a mosquitto.conf.
struct ImportWish {
  bool wanted = false;
  std::string file;
  std::string output;  // empty: stdout
  bool force = false;  // an output that is there already goes
};

}  // namespace tombo::tomboctl
