#include "connection.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <system_error>

namespace tombo::bench {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr int kEventsPerTurn = 256;
constexpr int kHandshakeTimeoutMs = 10'000;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Reads exactly one packet, byte-exact, so that nothing after it is lost to the next reader.
std::string read_one_packet(int fd) {
  std::string bytes;
  PacketView packet{};
  while (next_packet(bytes, packet) == 0) {
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, kHandshakeTimeoutMs) <= 0) {
      throw std::runtime_error("no answer to a handshake within 10 s");
    }
    char byte = 0;
    const auto n = recv(fd, &byte, 1, 0);
    if (n == 0) throw std::runtime_error("broker closed the connection during a handshake");
    if (n < 0) fail("recv");
    bytes.push_back(byte);
  }
  return bytes;
}

}  // namespace

std::int64_t now_ns() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1'000'000'000LL + ts.tv_nsec;
}

Connection::Connection(Reactor& reactor, PacketHandler& handler, int fd)
    : reactor_(reactor), handler_(handler), fd_(fd) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  if (epoll_ctl(reactor_.epoll_, EPOLL_CTL_ADD, fd_, &event) != 0) fail("epoll_ctl");
}

Connection::~Connection() {
  if (dirty_) std::erase(reactor_.dirty_, this);
  close(fd_);
}

void Connection::wake() {
  if (dirty_) return;
  dirty_ = true;
  reactor_.dirty_.push_back(this);
}

void Connection::send_or_queue(std::string_view bytes) {
  if (out_.empty()) {
    const auto n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) fail("send");
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    if (bytes.empty()) return;
  }
  out_.append(bytes);
  wake();
}

void Connection::read(std::string& scratch) {
  const auto n = recv(fd_, scratch.data(), scratch.size(), 0);
  if (n == 0) throw std::runtime_error("broker closed a connection");
  if (n < 0) {
    if (errno == EAGAIN) return;
    fail("recv");
  }
  const std::string_view bytes(scratch.data(), static_cast<std::size_t>(n));
  if (partial_.empty()) {
    partial_.assign(bytes.substr(parse(bytes)));
  } else {
    partial_.append(bytes);
    partial_.erase(0, parse(partial_));
  }
}

std::size_t Connection::parse(std::string_view bytes) {
  std::size_t at = 0;
  PacketView packet{};
  while (const auto n = next_packet(bytes.substr(at), packet)) {
    handler_.on_packet(*this, packet);
    at += n;
  }
  return at;
}

void Connection::flush() {
  if (out_.empty()) return;
  const auto n = send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) fail("send");
  if (n > 0) out_.erase(0, static_cast<std::size_t>(n));
  ask_for_write(!out_.empty());
}

void Connection::ask_for_write(bool wanted) {
  if (wanted == want_write_) return;
  want_write_ = wanted;
  epoll_event event{};
  event.events = EPOLLIN | (wanted ? EPOLLOUT : 0U);
  event.data.ptr = this;
  epoll_ctl(reactor_.epoll_, EPOLL_CTL_MOD, fd_, &event);
}

Reactor::Reactor() : epoll_(epoll_create1(EPOLL_CLOEXEC)), scratch_(kReadBytes, '\0') {
  if (epoll_ < 0) fail("epoll_create1");
}

Reactor::~Reactor() {
  close(epoll_);
}

void Reactor::turn(std::int64_t timeout_ns) {
  flush_dirty();
  epoll_event events[kEventsPerTurn];
  timeout_ns = std::max<std::int64_t>(timeout_ns, 0);
  const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
  const int n = epoll_pwait2(epoll_, events, kEventsPerTurn, &timeout, nullptr);
  if (n < 0 && errno != EINTR) fail("epoll_pwait2");
  for (int i = 0; i < n; ++i) {
    auto& connection = *static_cast<Connection*>(events[i].data.ptr);
    if ((events[i].events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) connection.read(scratch_);
    if ((events[i].events & EPOLLOUT) != 0) connection.wake();
  }
  flush_dirty();
}

void Reactor::flush_dirty() {
  flushing_.swap(dirty_);
  for (auto* connection : flushing_) connection->dirty_ = false;
  for (auto* connection : flushing_) {
    connection->handler_.on_turn_end(*connection);
    connection->flush();
  }
  // A connection that queued behind a full socket woke itself again; EPOLLOUT will call it.
  for (auto* connection : dirty_) connection->dirty_ = false;
  dirty_.clear();
  flushing_.clear();
}

int connect_tcp(std::uint16_t port, unsigned source) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // Bounds blocking connects and sends; does nothing once the descriptor is non-blocking.
  const timeval limit{kHandshakeTimeoutMs / 1000, 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (source > 1) {
    // Without this option bind() would already reserve the port for every destination.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    address.sin_addr.s_addr = htonl(0x7F000000U + source);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  }
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    fail("connect");
  }
  return fd;
}

int open_session(const Target& target, std::string_view client_id, unsigned source) {
  const int fd = connect_tcp(target.port, source);
  if (target.relay) return fd;
  std::string out;
  append_connect(out, client_id, 600);
  send_all(fd, out);
  const auto answer = read_one_packet(fd);
  if (answer.size() != 4 || answer[0] != 0x20 || answer[3] != 0) {
    throw std::runtime_error("CONNECT was not accepted");
  }
  return fd;
}

void subscribe(int fd, const std::vector<std::string>& filters, std::uint8_t qos) {
  std::string out;
  append_subscribe(out, 1, filters, qos);
  send_all(fd, out);
  const auto answer = read_one_packet(fd);
  PacketView packet{};
  next_packet(answer, packet);
  if (packet.type != PacketType::suback || packet.body.size() != 2 + filters.size()) {
    throw std::runtime_error("no proper SUBACK");
  }
  for (const char granted : packet.body.substr(2)) {
    if (static_cast<std::uint8_t>(granted) != qos) {
      throw std::runtime_error("a subscription was refused or granted at another QoS");
    }
  }
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void close_session(int fd) {
  std::string out;
  append_disconnect(out);
  send_all(fd, out);
  close(fd);
}

}  // namespace tombo::bench
