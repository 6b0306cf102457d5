#include "net/peer_of.hpp"

#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include <fmt/compile.h>

namespace tombo::net {

namespace {
std::optional<auth::UnixPeer> credentials_of(int descriptor) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  return auth::UnixPeer{static_cast<std::uint32_t>(credentials.pid), credentials.uid, credentials.gid};
}

sockaddr_storage ask_address(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) address.ss_family = AF_UNSPEC;
  return address;
}

std::string text_of(int descriptor, const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    const std::uint32_t number = ntohl(v4.sin_addr.s_addr);
    // inet_ntop() writes IPv4 by sprintf, which every connection would notice.
    return fmt::format(FMT_COMPILE("{}.{}.{}.{}:{}"), number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255,
                       ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_UNIX) {
    const auto credentials = credentials_of(descriptor);
    return credentials ? fmt::format("unix:{}", credentials->pid) : "unix";
  }
  if (address.ss_family != AF_INET6) return "-";
  char text[INET6_ADDRSTRLEN] = "";
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
}
}  // namespace

std::string user_name_of(std::uint32_t uid) {
  std::array<char, 4096> memory;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, memory.data(), memory.size(), &found) != 0 || found == nullptr) return fmt::format("{}", uid);
  return found->pw_name;
}

std::string address_of(int descriptor) { return text_of(descriptor, ask_address(descriptor)); }

auth::Peer peer_of(int descriptor) { return peer_of(descriptor, ask_address(descriptor)); }

auth::Peer peer_of(int descriptor, const sockaddr_storage& address) {
  auth::Peer peer;
  peer.address = text_of(descriptor, address);
  if (address.ss_family == AF_UNIX) peer.unix_peer = credentials_of(descriptor);
  return peer;
}

}  // namespace tombo::net
