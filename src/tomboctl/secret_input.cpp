#include "tomboctl/secret_input.hpp"

#include <termios.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <optional>

namespace tombo::tomboctl {

namespace {

constexpr std::size_t kPasswordBytesMax = 65'535;  // of MQTT's binary data

/// The terminal shows nothing as long as it lives; signals that would leave it so wait.
class NoEcho {
 public:
  NoEcho() {
    sigset_t waiting;
    sigemptyset(&waiting);
    for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGTSTP, SIGHUP}) sigaddset(&waiting, signal);
    ::sigprocmask(SIG_BLOCK, &waiting, &signals_);
    known_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!known_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= static_cast<tcflag_t>(ECHONL);
    known_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~NoEcho() {
    if (known_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &signals_, nullptr);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  bool works() const { return known_; }

 private:
  termios before_{};
  sigset_t signals_{};
  bool known_ = false;
};

/// Up to a line break or the end; nothing when there was neither, or too much.
std::optional<std::string> read_line() {
  std::string line;
  while (line.size() <= kPasswordBytesMax) {
    char c = 0;
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || (got == 0 && line.empty())) return std::nullopt;
    if (got == 0 || c == '\n') return line;
    line.push_back(c);
  }
  return std::nullopt;
}

}  // namespace

Result<std::string, std::string> read_new_password() {
  const Failure<std::string> none{"no password was given"};
  if (::isatty(STDIN_FILENO) == 0) {
    auto line = read_line();
    if (!line) return none;
    if (line->ends_with('\r')) line->pop_back();
    return std::move(*line);
  }
  const NoEcho quiet;
  if (!quiet.works()) return Failure{std::string{"the terminal cannot be kept from showing the password"}};
  std::fputs("Password: ", stderr);
  auto first = read_line();
  if (!first) return none;
  std::fputs("Again: ", stderr);
  const auto second = read_line();
  if (!second || *second != *first) return Failure{std::string{"the two passwords differ"}};
  return std::move(*first);
}

}  // namespace tombo::tomboctl
