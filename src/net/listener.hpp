#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "config/options.hpp"

#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace tombo::net {

class ShardLoop;

/// What the connections of one listener share.
/// Lives on: any thread; as long as its Listener, which outlives the loops.
struct ListenerState {
  std::size_t index = 0;  // in options.listeners
  std::atomic<std::uint32_t> connections{0};
};

/// Accepts connections of one [[listener]] on all its addresses and gives them to a loop.
/// Lives on: that loop's shard; listen() and close() on main while the loop does not run or through the loop.
class Listener {
 public:
  Listener(ShardLoop& loop, const config::Listener& options, std::size_t index, log::Logger logger);
  ~Listener();

  /// Binds; the error names address, port and reason.
  Result<void, std::string> listen();
  void start();
  void close();

 private:
  struct Socket;
  Result<void, std::string> bind(const asio::ip::tcp::endpoint& endpoint, bool v6_only);
  void arm(Socket& socket);
  void accept_some(Socket& socket);
  void pause(Socket& socket);

  ShardLoop& loop_;
  config::Listener options_;
  ListenerState state_;
  log::Logger logger_;
  std::vector<std::unique_ptr<Socket>> sockets_;
};

}  // namespace tombo::net
