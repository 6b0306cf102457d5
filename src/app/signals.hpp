#pragma once

#include "base/clock.hpp"

#include <cstdint>

namespace tombo::app {

/// What somebody asks of the broker by a signal, or another thread by an order.
enum class Request : std::uint8_t { none, stop, reload, save, summary, redirect, orders };

/// Takes the signals out of their ambush: they are blocked in every thread and read where main waits.
/// Must be made before the first thread starts, which inherits the mask.
/// Lives on: main.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The next request; orders when `orders` is readable and no signal has come, none when `timeout` has passed.
  Request wait(Milliseconds timeout, int orders);
  /// From now on SIGTERM and SIGINT end the process at once, with exit code 1.
  void let_stop_end_at_once();

 private:
  int fd_ = -1;
};

}  // namespace tombo::app
