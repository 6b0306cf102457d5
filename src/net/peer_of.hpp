#pragma once

#include "auth/peer.hpp"

#include <cstdint>
#include <string>

struct sockaddr_storage;

namespace tombo::net {

/// What the kernel knows of who is at the other end of a connected socket.
auth::Peer peer_of(int descriptor);
/// The same where accept has told the address.
auth::Peer peer_of(int descriptor, const sockaddr_storage& address);
/// "192.0.2.1:40000", "[2001:db8::1]:40000", "unix" with the process's number; "-" for what is no socket any more.
std::string address_of(int descriptor);
/// The name of a local user; its number where it has none.
std::string user_name_of(std::uint32_t uid);

}  // namespace tombo::net
