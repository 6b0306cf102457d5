#pragma once

#include "base/result.hpp"
#include "config/options.hpp"

#include <string>

#include <sys/socket.h>

namespace tombo::net {

/// An address as the kernel wants it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// "127.0.0.1:1883", "[::1]:1883", "unix:/run/x.sock".
std::string text_of(const SocketAddress& address);
/// Whether a socket is bound to this address; for those that systemd hands over.
bool is_bound_to(int descriptor, const SocketAddress& address);
/// Where a socket is bound.
SocketAddress bound_address(int descriptor);

/// A socket that listens there, non-blocking, with what the listener's options say; the caller closes it.
Result<int, std::string> listen_on(const SocketAddress& address, const config::Listener& options);
/// The same options on a socket that was made by systemd.
void prepare_inherited(int descriptor, const config::Listener& options);

}  // namespace tombo::net
