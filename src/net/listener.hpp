#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "config/options.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace tombo::net {

/// What the connections of one listener share.
/// Lives on: any thread; as long as its Listener, which outlives the loops.
struct ListenerState {
  std::size_t index = 0;  // in options.listeners
  std::atomic<std::uint32_t> connections{0};
};

/// The listening sockets of one [[listener]], one for each of its addresses.  Loops accept from them.
/// Lives on: main.
class Listener {
 public:
  Listener(const config::Listener& options, std::size_t index, log::Logger logger);

  /// Binds; the error names address, port and reason.
  Result<void, std::string> listen();
  /// Says where it listens.
  void announce();
  /// Nobody can connect any more; loops that accept see EPOLLHUP.
  void close();

  std::vector<int> descriptors();
  ListenerState& state() { return state_; }

 private:
  Result<void, std::string> bind(const asio::ip::tcp::endpoint& endpoint, bool v6_only);

  config::Listener options_;
  ListenerState state_;
  log::Logger logger_;
  asio::io_context io_;  // never run: what Asio's sockets want to be made from
  std::vector<asio::ip::tcp::acceptor> sockets_;
};

}  // namespace tombo::net
