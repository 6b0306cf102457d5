#include "bench/coordinate/line_socket.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace tombo::bench::coordinate {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis kSendPatience{30'000};
constexpr Millis kStopLook{100};  // how often a wait looks at the stop flag
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kBacklog = 64;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<Addresses, std::string> resolve(const Address& address, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  if (const int error = getaddrinfo(host, address.port.c_str(), &hints, &found); error != 0) {
    return Failure{fmt::format("{}: {}", address.host, gai_strerror(error))};
  }
  return Addresses(found, freeaddrinfo);
}

/// Small lines go out at once: the clock questions measure the way, not Nagle's wait.
void send_at_once(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

std::optional<Address> address_of(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return std::nullopt;
  Address address{text.substr(0, colon), text.substr(colon + 1)};
  if (address.port.find_first_not_of("0123456789") != std::string::npos || address.port.size() > 5) return std::nullopt;
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    return std::nullopt;
  }
  return address;
}

LineSocket::LineSocket(LineSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      searched_(other.searched_),
      line_max_(other.line_max_) {}

LineSocket& LineSocket::operator=(LineSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  buffer_ = std::move(other.buffer_);
  searched_ = other.searched_;
  line_max_ = other.line_max_;
  return *this;
}

LineSocket::~LineSocket() {
  if (fd_ >= 0) close(fd_);
}

Result<LineSocket, std::string> LineSocket::connect_to(const Address& address) {
  auto found = resolve(address, 0);
  if (!found) return Failure{found.error()};
  int reason = 0;
  for (const addrinfo* a = found->get(); a != nullptr; a = a->ai_next) {
    const int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
      send_at_once(fd);
      return LineSocket(fd);
    }
    reason = errno;
    if (fd >= 0) close(fd);
  }
  return Failure{fmt::format("{}:{}: {}", address.host, address.port, std::strerror(reason))};
}

bool LineSocket::send(std::string line) {
  line += '\n';
  const auto deadline = Clock::now() + kSendPatience;
  for (std::size_t sent = 0; sent < line.size();) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now());
    pollfd ready{fd_, POLLOUT, 0};
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) != 1) return false;
    const ssize_t n = ::send(fd_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (n > 0) sent += static_cast<std::size_t>(n);
  }
  return true;
}

Result<std::string, LineSocket::Trouble> LineSocket::receive(Millis patience, const std::atomic<bool>* stop) {
  const auto deadline = Clock::now() + patience;
  while (true) {
    if (const auto end = buffer_.find('\n', searched_); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      searched_ = 0;
      return line;
    }
    searched_ = buffer_.size();
    if (buffer_.size() > line_max_) return Failure{Trouble::too_long};
    if (stop != nullptr && *stop) return Failure{Trouble::stopped};
    const auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now());
    pollfd ready{fd_, POLLIN, 0};
    const auto wait = std::clamp(left, Millis{0}, stop != nullptr ? kStopLook : Millis{60'000});
    const int got = poll(&ready, 1, static_cast<int>(wait.count()));
    if (got == 0 && left <= wait) return Failure{Trouble::timeout};
    if (got != 1) continue;
    std::array<char, kReadBytes> bytes;
    const ssize_t n = recv(fd_, bytes.data(), bytes.size(), 0);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) return Failure{Trouble::closed};
    if (n > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  }
}

std::string text_of(LineSocket::Trouble trouble) {
  switch (trouble) {
    case LineSocket::Trouble::timeout:
      return "says nothing any more";
    case LineSocket::Trouble::closed:
      return "closed the connection";
    case LineSocket::Trouble::too_long:
      return "sends a line without end";
    case LineSocket::Trouble::stopped:
      break;
  }
  return "was not waited for";
}

Result<Listener, std::string> Listener::open(const Address& address) {
  auto found = resolve(address, AI_PASSIVE);
  if (!found) return Failure{found.error()};
  int reason = 0;
  for (const addrinfo* a = found->get(); a != nullptr; a = a->ai_next) {
    const int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return Listener(fd);
    reason = errno;
    if (fd >= 0) close(fd);
  }
  return Failure{fmt::format("cannot listen on {}:{}: {}", address.host, address.port, std::strerror(reason))};
}

Listener::Listener(Listener&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Listener::~Listener() {
  if (fd_ >= 0) close(fd_);
}

std::uint16_t Listener::port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::optional<Listener::Accepted> Listener::accept(Millis patience) const {
  pollfd ready{fd_, POLLIN, 0};
  if (poll(&ready, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC);
  if (fd < 0) return std::nullopt;
  send_at_once(fd);
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(), port.data(), port.size(),
              NI_NUMERICHOST | NI_NUMERICSERV);
  return Accepted{LineSocket(fd), fmt::format("{}:{}", host.data(), port.data())};
}

std::int64_t wall_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace tombo::bench::coordinate
