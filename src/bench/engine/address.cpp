#include "bench/engine/address.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tombo::bench::engine {
namespace {

RunError failed(const char* what, int error) {
  return {ExitCode::unreachable, fmt::format("{}: {}", what, std::strerror(error))};
}

}  // namespace

Result<Endpoint, RunError> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) {
    return Failure{RunError{ExitCode::unreachable, fmt::format("no address for '{}': {}", host, gai_strerror(code))}};
  }
  Endpoint endpoint;
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  endpoint.size = found->ai_addrlen;
  freeaddrinfo(found);
  return endpoint;
}

Result<int, RunError> start_connecting(const Endpoint& to, const Endpoint* from) {
  const int fd = socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failure{failed("cannot open a socket", errno)};
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (from != nullptr) {
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&from->address), from->size) != 0) {
      const int error = errno;
      close(fd);
      return Failure{
          RunError{ExitCode::bad_options, fmt::format("cannot use the source address: {}", std::strerror(error))}};
    }
  }
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to.address), to.size) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    close(fd);
    return Failure{failed("cannot connect", error)};
  }
  return fd;
}

int connect_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace tombo::bench::engine
