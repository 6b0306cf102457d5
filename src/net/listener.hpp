#pragma once

#include "base/clock.hpp"
#include "base/current.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "base/socket_file.hpp"
#include "config/options.hpp"
#include "net/entrance.hpp"
#include "net/per_second.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tombo::net {

/// What the connections of one listener share.
/// Lives on: any thread; as long as its Listener, which outlives the loops.
struct ListenerState {
  std::size_t index = 0;  // in options.listeners
  std::atomic<std::uint32_t> connections{0};
  Current<Entrance> entrance;  // set before the loops run
  PerSecond accepted;    // listener.connections_per_s
  PerSecond handshakes;  // listener.tls_handshakes_per_s
};

/// The listening sockets of one [[listener]], one for each of its addresses.  Loops accept from them.
/// Lives on: main.
class Listener {
 public:
  Listener(const config::Listener& options, std::size_t index, log::Logger logger,
           std::shared_ptr<const filter::KeyLog> key_log = nullptr);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Binds, or takes the sockets among `inherited` that are bound to its addresses; the error names address, port and
  /// reason.  An inherited socket that was taken is -1 then.
  Result<void, std::string> listen(std::span<int> inherited);
  /// Says where it listens, in the words that are wanted.
  void announce(config::LogWording wording) const;
  /// Nobody can connect any more; loops that accept see EPOLLHUP.
  void close();

  /// Reads the files that the options name, at the start and at a reload; with problems everything stays as it was.
  Result<void, std::vector<std::string>> prepare(const config::Listener& options);

  const std::vector<int>& descriptors() const { return descriptors_; }
  ListenerState& state() { return state_; }

 private:
  void announce_as_mosquitto() const;
  Result<void, std::string> listen_unix(std::span<int> inherited);

  config::Listener options_;
  ListenerState state_;
  log::Logger logger_;
  std::shared_ptr<const filter::KeyLog> key_log_;  // or none
  SocketFile socket_file_;         // of a Unix socket that is our own
  std::vector<int> descriptors_;   // ours, but that of socket_file_
};

}  // namespace tombo::net
