#include "net/peer_of.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
std::optional<auth::UnixPeer> credentials_of(int descriptor) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  return auth::UnixPeer{static_cast<std::uint32_t>(credentials.pid), credentials.uid, credentials.gid};
}
}  // namespace

std::string address_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "-";
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_UNIX) {
    const auto credentials = credentials_of(descriptor);
    return credentials ? fmt::format("unix:{}", credentials->pid) : "unix";
  }
  if (address.ss_family != AF_INET6) return "-";
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
}

auth::Peer peer_of(int descriptor) {
  auth::Peer peer;
  peer.address = address_of(descriptor);
  if (peer.address.starts_with("unix")) peer.unix_peer = credentials_of(descriptor);
  return peer;
}

}  // namespace tombo::net
