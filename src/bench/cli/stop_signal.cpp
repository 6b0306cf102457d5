#include "bench/cli/stop_signal.hpp"

#include <pthread.h>

#include <cstdlib>

namespace tombo::bench {
namespace {

constexpr int kInterrupted = 130;  // as shells report it

}  // namespace

StopSignal::StopSignal() {
  sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals_, number);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::thread([this] { wait(); });
}

StopSignal::~StopSignal() {
  done_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

void StopSignal::wait() {
  while (!done_) {
    int number = 0;
    if (sigwait(&signals_, &number) != 0 || number == SIGUSR1) continue;
    if (stop_.exchange(true)) std::_Exit(kInterrupted);
  }
}

}  // namespace tombo::bench
