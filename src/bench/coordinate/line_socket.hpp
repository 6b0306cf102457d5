#pragma once

#include "base/result.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tombo::bench::coordinate {

using Millis = std::chrono::milliseconds;

/// "host:port", "[::1]:port" or ":port" (all addresses).
struct Address {
  std::string host;
  std::string port;
};
std::optional<Address> address_of(const std::string& text);

/// Lines over a TCP connection, in both directions.  A line has a length limit, and every wait a deadline: the other
/// side may be anything that found the port.
class LineSocket {
 public:
  static constexpr std::size_t kLineMax = 32U << 20;
  enum class Trouble : std::uint8_t { timeout, closed, too_long, stopped };

  explicit LineSocket(int fd) : fd_(fd) {}
  LineSocket(LineSocket&& other) noexcept;
  LineSocket& operator=(LineSocket&& other) noexcept;
  ~LineSocket();

  static Result<LineSocket, std::string> connect_to(const Address& address);

  bool send(std::string line);  // false: the other side is gone, or takes nothing for 30 s
  /// The next line.  `stop`, where given, ends the wait early.
  Result<std::string, Trouble> receive(Millis patience, const std::atomic<bool>* stop = nullptr);
  int fd() const { return fd_; }
  void limit_lines(std::size_t bytes) { line_max_ = bytes; }

 private:
  int fd_ = -1;
  std::string buffer_;
  std::size_t searched_ = 0;  // no line end before this
  std::size_t line_max_ = kLineMax;
};

std::string text_of(LineSocket::Trouble trouble);

/// Accepts connections on an address.
class Listener {
 public:
  static Result<Listener, std::string> open(const Address& address);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  std::uint16_t port() const;
  /// A connection and where it comes from; nothing within the time.
  struct Accepted {
    LineSocket socket;
    std::string from;
  };
  std::optional<Accepted> accept(Millis patience) const;

 private:
  explicit Listener(int fd) : fd_(fd) {}
  int fd_ = -1;
};

std::int64_t wall_us();

}  // namespace tombo::bench::coordinate
