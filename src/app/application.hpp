#pragma once

#include "app/cli.hpp"

namespace tombo::app {

/// The daemon from its command line to its exit code: reads the configuration, starts the server, serves
/// signals. Lives on: main.
class Application {
 public:
  explicit Application(Cli cli) : cli_(std::move(cli)) {}

  /// Returns the exit code when the broker has ended.
  int run();

 private:
  Cli cli_;
};

}  // namespace tombo::app
