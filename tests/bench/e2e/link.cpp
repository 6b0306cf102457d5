#include "link.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "mqtt_wire.hpp"

namespace tombo::bench {
namespace {

constexpr int kHandshakeTimeoutMs = 10'000;
constexpr std::size_t kHandshakeReadBytes = 16 * 1024;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void wait_readable(const Link& link) {
  pollfd waiting{link.fd(), POLLIN, 0};
  if (poll(&waiting, 1, kHandshakeTimeoutMs) <= 0) {
    throw std::runtime_error("no answer to a handshake within 10 s");
  }
}

/// Reads exactly one packet, byte-exact, so that nothing after it is lost to the next reader.  A transport gives what
/// it has; nothing is due yet after a handshake's answer.
std::string read_one_packet(Link& link) {
  const std::size_t at_once = link.transport() == nullptr ? 1 : kHandshakeReadBytes;
  std::string bytes;
  PacketView packet{};
  std::size_t size = 0;
  while ((size = next_packet(bytes, packet)) == 0) {
    wait_readable(link);
    link.receive(bytes, at_once);
  }
  if (size != bytes.size()) throw std::runtime_error("more came than the answer to a handshake");
  return bytes;
}

}  // namespace

Link::Link(int fd, std::unique_ptr<Transport> transport) : fd_(fd), transport_(std::move(transport)) {}

Link::~Link() {
  if (fd_ >= 0) ::close(fd_);
}

Link::Link(Link&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), transport_(std::move(other.transport_)) {}

Link& Link::operator=(Link&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(transport_, other.transport_);
  return *this;
}

void Link::send(std::string_view plain) {
  if (transport_ == nullptr) return send_all(fd_, plain);
  std::string wire;
  transport_->send(plain, wire);
  send_all(fd_, wire);
}

void Link::receive(std::string& plain, std::size_t bytes_max) {
  char bytes[kHandshakeReadBytes];
  const auto n = recv(fd_, bytes, std::min(bytes_max, sizeof bytes), 0);
  if (n == 0) throw std::runtime_error("broker closed the connection during a handshake");
  if (n < 0) fail("recv");
  const std::string_view received(bytes, static_cast<std::size_t>(n));
  if (transport_ == nullptr) {
    plain.append(received);
    return;
  }
  std::string wire;
  transport_->receive(received, plain, wire);
  send_all(fd_, wire);
}

void Link::open_blocking() {
  std::string plain;
  while (!open()) {
    wait_readable(*this);
    receive(plain, kHandshakeReadBytes);
  }
  if (!plain.empty()) throw std::runtime_error("the broker spoke before CONNECT");
}

void Link::close() {
  std::string wire;
  if (transport_ != nullptr) transport_->close(wire);
  send_all(fd_, wire);
  ::close(std::exchange(fd_, -1));
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

Link connect_link(const Target& target, unsigned source) {
  const int fd = connect_tcp(target.port, source);
  if (target.way == nullptr || !target.way->transport) return Link(fd);
  Link link(fd, target.way->transport());
  std::string wire;
  link.transport()->start(wire);
  send_all(fd, wire);
  return link;
}

Link open_session(const Target& target, std::string_view client_id, unsigned source) {
  auto link = connect_link(target, source);
  if (target.relay) return link;
  link.open_blocking();
  std::string out;
  append_connect(out, target, client_id, 600);
  link.send(out);
  const auto answer = read_one_packet(link);
  if (answer.size() != 4 || answer[0] != 0x20 || answer[3] != 0) {
    throw std::runtime_error("CONNECT was not accepted");
  }
  return link;
}

void append_connect(std::string& out, const Target& target, std::string_view client_id, std::uint16_t keep_alive_s) {
  if (target.way == nullptr || target.way->user.empty()) return append_connect(out, client_id, keep_alive_s);
  append_connect(out, client_id, keep_alive_s, target.way->user, target.way->password);
}

void subscribe(Link& link, const std::vector<std::string>& filters, std::uint8_t qos) {
  std::string out;
  append_subscribe(out, 1, filters, qos);
  link.send(out);
  const auto answer = read_one_packet(link);
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

void close_session(Link link) {
  std::string out;
  append_disconnect(out);
  link.send(out);
  link.close();
}

}  // namespace tombo::bench
