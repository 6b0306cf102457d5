#include "app/options_from.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>

namespace tombo::app {

namespace {

using config::Problem;

constexpr std::uint16_t kUsualPort = 1883;

std::vector<config::Listener> loopback_on(const std::vector<std::uint16_t>& ports) {
  std::vector<config::Listener> all;
  for (const std::uint16_t port : ports) {
    for (config::Listener& listener : config::loopback_listeners(port)) all.push_back(std::move(listener));
  }
  return all;
}

Problem problem(Problem::Severity severity, std::string message) {
  return {severity, {}, 0, 0, std::move(message), {}};
}

bool has_repetition(std::vector<std::uint16_t> ports) {
  std::sort(ports.begin(), ports.end());
  return std::adjacent_find(ports.begin(), ports.end()) != ports.end();
}

bool ipv6_loopback_exists() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return bound;
}

}  // namespace

config::Loaded options_from(const Cli& cli) {
  config::Loaded loaded;
  if (cli.file.empty()) {
    loaded.options = config::without_file(kUsualPort);
  } else {
    loaded = config::load_file(cli.file, cli.syntax);
  }
  // Mosquitto, started as root, is this user unless its file names another.
  std::string& user = loaded.options.defence.user;
  if (loaded.syntax == config::Syntax::mosquitto && user.empty()) user = kMosquittosUser;
  if (cli.ports.empty()) return loaded;
  if (has_repetition(cli.ports)) {
    loaded.problems.push_back(problem(Problem::Severity::error, "-p names the same port twice"));
  }
  if (loaded.listeners_given) {
    loaded.problems.push_back(
        problem(Problem::Severity::warning, fmt::format("-p is ignored: {} defines a listener", cli.file)));
  } else {
    loaded.options.listeners = loopback_on(cli.ports);
  }
  return loaded;
}

bool drop_missing_ipv6(config::Options& options) {
  if (ipv6_loopback_exists()) return false;
  return std::erase_if(options.listeners, [](const config::Listener& l) { return l.address == "::1"; }) > 0;
}

std::string in_one_line(const Problem& problem) {
  if (problem.file.empty()) return problem.message;
  if (problem.line == 0) return fmt::format("{}: {}", problem.file, problem.message);
  return fmt::format("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message);
}

}  // namespace tombo::app
