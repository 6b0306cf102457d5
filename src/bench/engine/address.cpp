#include "bench/engine/address.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
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

std::optional<std::vector<std::string>> expand_range(const std::string& text) {
  const std::size_t dash = text.find('-');
  const std::size_t dot = dash == std::string::npos ? std::string::npos : text.rfind('.', dash);
  if (dot == std::string::npos) return std::vector{text};
  unsigned first = 0;
  unsigned last = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto from = std::from_chars(begin + dot + 1, begin + dash, first);
  const auto to = std::from_chars(begin + dash + 1, end, last);
  // A host name may have dots and dashes, too.
  if (from.ec != std::errc{} || from.ptr != begin + dash || to.ec != std::errc{} || to.ptr != end) {
    return std::vector{text};
  }
  if (last > 255 || first > last) return std::nullopt;
  std::vector<std::string> addresses;
  for (unsigned i = first; i <= last; ++i) addresses.push_back(fmt::format("{}.{}", text.substr(0, dot), i));
  return addresses;
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
