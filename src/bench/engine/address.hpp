#pragma once

#include "base/result.hpp"
#include "bench/engine/run.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tombo::bench::engine {

/// An IP address with its port, as the kernel wants it.
struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;
};

/// The first address of a name.
Result<Endpoint, RunError> resolve(const std::string& host, std::uint16_t port);

/// "127.0.0.1-20" is twenty addresses; a text without a range is one.  Nothing where the range is none.
std::optional<std::vector<std::string>> expand_range(const std::string& text);

/// A non-blocking socket on its way to `to`.  `from`, if not null, is the own address; its port is chosen when the
/// connection is made, so that a source address has all its ports for each destination.
Result<int, RunError> start_connecting(const Endpoint& to, const Endpoint* from);

/// The error that a finished connect() left on the socket; 0: connected.
int connect_error(int socket);

}  // namespace tombo::bench::engine
