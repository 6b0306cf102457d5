#include "net/listening_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
/// A connection shows itself when its first bytes are there, or after this many seconds without any, so that accepting
/// it and reading CONNECT is one wake-up, not two.
constexpr int kDeferAccept_s = 1;

bool set(int descriptor, int level, int name, int value) {
  return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

/// What accepted sockets inherit, which saves a call for each connection.
bool set_inherited_options(int descriptor, const config::Listener& options) {
  if (options.tcp_nodelay && !set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1)) return false;
  return set(descriptor, IPPROTO_TCP, TCP_DEFER_ACCEPT, kDeferAccept_s);
}

bool prepare(int descriptor, int family, const config::Listener& options) {
  if (!set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) || !set_inherited_options(descriptor, options)) return false;
  if (family == AF_INET6 && !set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1)) return false;
  if (options.freebind && !set(descriptor, IPPROTO_IP, IP_FREEBIND, 1)) return false;
  if (options.interface.empty()) return true;
  return ::setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, options.interface.data(),
                      static_cast<socklen_t>(options.interface.size())) == 0;
}
}  // namespace

std::string text_of(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_UNIX) {
    return fmt::format("unix:{}", reinterpret_cast<const sockaddr_un&>(address.storage).sun_path);
  }
  if (address.storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
  ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  return fmt::format("{}:{}", text, ntohs(v4.sin_port));
}

SocketAddress bound_address(int descriptor) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) return {};
  return address;
}

bool is_bound_to(int descriptor, const SocketAddress& address) {
  return text_of(bound_address(descriptor)) == text_of(address);
}

Result<int, std::string> listen_on(const SocketAddress& address, const config::Listener& options) {
  const int family = address.storage.ss_family;
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const bool good = descriptor >= 0 && prepare(descriptor, family, options) &&
                    ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0 &&
                    ::listen(descriptor, static_cast<int>(options.backlog)) == 0;
  if (good) return descriptor;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  return Failure{fmt::format("cannot listen on {}{}: {}", text_of(address),
                             options.interface.empty() ? "" : fmt::format(" at interface {}", options.interface),
                             std::strerror(error))};
}

void prepare_inherited(int descriptor, const config::Listener& options) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  set_inherited_options(descriptor, options);
}

}  // namespace tombo::net
