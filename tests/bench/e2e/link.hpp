#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::bench {

/// Stands between a socket and MQTT: TLS or WebSocket.  Sans I/O; throws when the broker breaks the protocol.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Appends the first bytes of the handshake.
  virtual void start(std::string& wire) = 0;
  /// Bytes from the socket: appends what they mean to `plain`, and to `wire` what must be answered.
  virtual void receive(std::string_view bytes, std::string& plain, std::string& wire) = 0;
  /// The handshake is done.
  [[nodiscard]] virtual bool open() const = 0;
  /// Appends whole MQTT packets to `wire`.  Only when open().
  virtual void send(std::string_view plain, std::string& wire) = 0;
  /// Appends the goodbye.
  virtual void close(std::string& wire) = 0;
};

/// How a session gets in.
struct Way {
  std::function<std::unique_ptr<Transport>()> transport;  ///< Empty: plain TCP.
  std::string user;                                       ///< Empty: none is given.
  std::string password;
};

/// Where the broker listens.  In relay mode nobody answers handshakes and subscribers use
/// the next port.
struct Target {
  std::uint16_t port;
  bool relay = false;
  const Way* way = nullptr;  ///< Null: plain TCP and no user.
};

/// A connected socket with what stands between it and MQTT; closes it at the end.
class Link {
 public:
  Link() = default;
  /// Takes over a connected descriptor.
  explicit Link(int fd, std::unique_ptr<Transport> transport = nullptr);
  ~Link();
  Link(Link&& other) noexcept;
  Link& operator=(Link&& other) noexcept;

  [[nodiscard]] int fd() const { return fd_; }
  /// Null for plain TCP.
  [[nodiscard]] Transport* transport() const { return transport_.get(); }
  [[nodiscard]] bool open() const { return transport_ == nullptr || transport_->open(); }

  /// Sends all of it on a blocking descriptor.
  void send(std::string_view plain);
  /// One receive of at most `bytes_max`; appends what it meant and answers what must be answered.
  void receive(std::string& plain, std::size_t bytes_max);
  /// Waits until packets may be sent.
  void open_blocking();
  /// The transport's goodbye, then the socket's end.
  void close();

 private:
  int fd_ = -1;
  std::unique_ptr<Transport> transport_;
};

/// Opens a TCP connection to loopback; `source` picks 127.0.0.(source) as own address so that
/// many short connections do not run out of ports.  Throws on failure.
[[nodiscard]] int connect_tcp(std::uint16_t port, unsigned source = 1);

/// The same with the transport of the target's way; its handshake is begun, not done.
[[nodiscard]] Link connect_link(const Target& target, unsigned source = 1);

/// Connects, sends CONNECT and waits for a good CONNACK.  The descriptor is still blocking.
[[nodiscard]] Link open_session(const Target& target, std::string_view client_id, unsigned source = 1);

/// CONNECT with the way's user and password.
void append_connect(std::string& out, const Target& target, std::string_view client_id, std::uint16_t keep_alive_s);

/// Subscribes on a link of open_session() and checks the granted QoS.
void subscribe(Link& link, const std::vector<std::string>& filters, std::uint8_t qos);

/// Sends all bytes on a blocking descriptor.
void send_all(int fd, std::string_view bytes);

/// Sends DISCONNECT and closes.
void close_session(Link link);

}  // namespace tombo::bench
