#include "broker/core.hpp"
#include "filter/key_log.hpp"
#include "net/entrance.hpp"
#include "net/server.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>

// A server that binds its IPv4 listeners and says what it is asked for: the daemon around it can be tested
// without the broker.

namespace tombo::net {

struct Server::Impl {
  Parts parts;
  std::vector<int> sockets;
  std::unique_ptr<broker::Core> core;
};

Server::Server(Parts parts) : impl_(std::make_unique<Impl>()) {
  impl_->parts = std::move(parts);
  broker::Core::Parts core;
  core.options = impl_->parts.options;
  core.logger = impl_->parts.logger;
  core.clock = impl_->parts.clock;
  core.authenticator = impl_->parts.authenticator;
  impl_->core = std::make_unique<broker::Core>(std::move(core));
}

Server::~Server() {
  for (const int fd : impl_->sockets) ::close(fd);
}

std::string Server::reread_files() { return {}; }
std::vector<std::string> Server::files(const config::Options& /*options*/) { return {}; }
void Server::rights_changed() {}
Result<std::shared_ptr<const Entrance>, std::vector<std::string>> Entrance::make(const config::Listener&, const Entrance*,
                                                                                std::shared_ptr<const filter::KeyLog>) {
  return std::shared_ptr<const Entrance>{};
}

Result<void, std::string> Server::listen(std::vector<int>) {
  for (const config::Listener& listener : impl_->parts.options->listeners) {
    impl_->parts.logger.info("fake listener {}:{}", listener.address, listener.port);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listener.port);
    if (::inet_pton(AF_INET, listener.address.c_str(), &address.sin_addr) != 1) continue;
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    impl_->sockets.push_back(fd);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 1) == 0)
      continue;
    return Failure{
        fmt::format("cannot listen on {}:{}: {}", listener.address, listener.port, std::strerror(errno))};
  }
  return {};
}

Result<void, std::string> Server::restore() { return {}; }

void Server::start() {}

broker::Keeper* Server::keeper() { return nullptr; }

void Server::reload(std::shared_ptr<const config::Options> options) {
  impl_->parts.logger.info("fake reload threads={} sys={}", options->threads, options->sys.interval_s);
}

void Server::redirect_clients() {
  impl_->parts.logger.info("fake redirect");
}

std::string Server::summary() {
  return "fake summary\nsecond line\n";
}

broker::Core& Server::core() {
  return *impl_->core;  // its shard never turns: nothing that it is asked is answered
}

bool Server::alive(int) {
  return true;
}

void Server::stop() {
  // An environment variable makes the stop hang, which a second signal must end.
  if (std::getenv("FAKE_SERVER_HANGS") == nullptr) return;
  impl_->parts.logger.info("fake stop hangs");
  for (;;) ::pause();
}

}  // namespace tombo::net
