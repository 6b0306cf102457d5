#pragma once

#include "auth/peer.hpp"

#include <string>

namespace tombo::net {

/// What the kernel knows of who is at the other end of a connected socket.
auth::Peer peer_of(int descriptor);
/// "192.0.2.1:40000", "[2001:db8::1]:40000", "unix" with the process's number; "-" for what is no socket any more.
std::string address_of(int descriptor);

}  // namespace tombo::net
