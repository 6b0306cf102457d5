#include "app/signals.hpp"

#include "base/assert.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <csignal>
#include <initializer_list>

namespace tombo::app {

namespace {

int redirect_signal() {
  return SIGRTMIN + 1;
}

Request request_of(int signal) {
  if (signal == SIGTERM || signal == SIGINT) return Request::stop;
  if (signal == SIGHUP) return Request::reload;
  if (signal == SIGUSR1) return Request::save;
  if (signal == SIGUSR2) return Request::summary;
  return signal == redirect_signal() ? Request::redirect : Request::none;
}

void end_at_once(int) {
  ::_exit(1);
}

}  // namespace

Signals::Signals() {
  ::signal(SIGPIPE, SIG_IGN);  // a peer that went away is an error code of the write
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, redirect_signal()}) ::sigaddset(&ours, signal);
  ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  fd_ = ::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
  TOMBO_ASSERT(fd_ >= 0);
}

Signals::~Signals() {
  ::close(fd_);
}

Request Signals::wait(Milliseconds timeout, int orders) {
  pollfd ready[]{{fd_, POLLIN, 0}, {orders, POLLIN, 0}};
  if (::poll(ready, 2, static_cast<int>(timeout.count())) <= 0) return Request::none;
  if (ready[0].revents == 0) return Request::orders;
  signalfd_siginfo info{};
  if (::read(fd_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return Request::none;
  return request_of(static_cast<int>(info.ssi_signo));
}

void Signals::let_stop_end_at_once() {
  ::signal(SIGTERM, end_at_once);
  ::signal(SIGINT, end_at_once);
  sigset_t stops;
  ::sigemptyset(&stops);
  ::sigaddset(&stops, SIGTERM);
  ::sigaddset(&stops, SIGINT);
  ::pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
}

}  // namespace tombo::app
