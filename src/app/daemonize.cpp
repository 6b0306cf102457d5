#include "app/daemonize.hpp"

#include <fcntl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cstdlib>
#include <initializer_list>

namespace tombo::app {

namespace {

/// The parent's part: never returns.
[[noreturn]] void wait_and_exit(pid_t child, int ready_fd) {
  char byte = 0;
  if (::read(ready_fd, &byte, 1) == 1) ::_exit(EXIT_SUCCESS);
  int status = 0;
  const bool exited = ::waitpid(child, &status, 0) == child && WIFEXITED(status);
  ::_exit(exited ? WEXITSTATUS(status) : EXIT_FAILURE);
}

}  // namespace

Daemon::~Daemon() {
  if (ready_fd_ >= 0) ::close(ready_fd_);
}

bool Daemon::detach() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  const pid_t child = ::fork();
  if (child < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return false;
  }
  if (child > 0) {
    ::close(ends[1]);
    wait_and_exit(child, ends[0]);
  }
  ::close(ends[0]);
  ready_fd_ = ends[1];
  ::setsid();
  return true;
}

void Daemon::ready() {
  if (ready_fd_ < 0) return;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, stream);
    ::close(null);
  }
  // The parent may be gone; there is nothing to do about it.
  [[maybe_unused]] const ssize_t told = ::write(ready_fd_, "r", 1);
  ::close(ready_fd_);
  ready_fd_ = -1;
}

}  // namespace tombo::app
