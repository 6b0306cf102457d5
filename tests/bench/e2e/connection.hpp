#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "link.hpp"
#include "mqtt_wire.hpp"

namespace tombo::bench {

class Connection;
class Reactor;

/// How long anything may stand still before a run is called a failure.
inline constexpr std::int64_t kStallNs = 10'000'000'000;

[[nodiscard]] std::int64_t now_ns();

/// Receives what a connection reads.  Lives longer than its connection.
class PacketHandler {
 public:
  virtual ~PacketHandler() = default;
  virtual void on_packet(Connection& connection, const PacketView& packet) = 0;
  /// Called once per turn for a connection that asked for it, before its bytes are sent:
  /// the place to write what the turn's deliveries have made room for.
  virtual void on_turn_end(Connection&) {}
};

/// A non-blocking socket with an output buffer that is flushed once per loop turn.
class Connection {
 public:
  /// Takes over a link whose handshake is done.
  Connection(Reactor& reactor, PacketHandler& handler, Link link);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Bytes to send at the end of the turn.  Call wake() after filling it.
  std::string& out() { return out_; }
  /// Asks for on_turn_end() and a flush at the end of this turn.
  void wake();
  /// Sends now when nothing waits before it, which saves the copy.
  void send_or_queue(std::string_view bytes);
  [[nodiscard]] bool blocked() const { return want_write_; }

 private:
  friend class Reactor;
  void read(std::string& scratch);
  std::size_t parse(std::string_view bytes);
  void take(std::string_view bytes);
  void flush();
  void seal();
  void send_some(std::string& bytes) const;
  void ask_for_write(bool wanted);

  Reactor& reactor_;
  PacketHandler& handler_;
  Link link_;
  int fd_;  ///< The link's.
  bool dirty_ = false;
  bool want_write_ = false;
  std::string partial_;  ///< The front of a packet whose rest has not arrived.
  std::string out_;
  std::string sealed_;  ///< What the transport has made of out_.
};

/// One level-triggered epoll loop on the calling thread.
class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Waits at most `timeout_ns`, reads what is there, then flushes every woken connection.
  void turn(std::int64_t timeout_ns);

 private:
  friend class Connection;
  void flush_dirty();

  int epoll_;
  std::string scratch_;
  std::string plain_;  ///< What a transport has made of it.
  std::vector<Connection*> dirty_;
  std::vector<Connection*> flushing_;
};

}  // namespace tombo::bench
