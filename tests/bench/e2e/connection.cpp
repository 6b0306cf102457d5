#include "connection.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tombo::bench {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr int kEventsPerTurn = 256;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::int64_t now_ns() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1'000'000'000LL + ts.tv_nsec;
}

Connection::Connection(Reactor& reactor, PacketHandler& handler, Link link)
    : reactor_(reactor), handler_(handler), link_(std::move(link)), fd_(link_.fd()) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = this;
  if (epoll_ctl(reactor_.epoll_, EPOLL_CTL_ADD, fd_, &event) != 0) fail("epoll_ctl");
}

Connection::~Connection() {
  if (dirty_) std::erase(reactor_.dirty_, this);
}

void Connection::wake() {
  if (dirty_) return;
  dirty_ = true;
  reactor_.dirty_.push_back(this);
}

void Connection::send_or_queue(std::string_view bytes) {
  if (link_.transport() != nullptr) {
    seal();
    link_.transport()->send(bytes, sealed_);
    if (!want_write_) send_some(sealed_);
    if (!sealed_.empty()) wake();
    return;
  }
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
  if (link_.transport() == nullptr) return take(bytes);
  auto& plain = reactor_.plain_;
  plain.clear();
  link_.transport()->receive(bytes, plain, sealed_);
  if (!sealed_.empty()) wake();
  take(plain);
}

void Connection::take(std::string_view bytes) {
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
  seal();
  auto& out = link_.transport() == nullptr ? out_ : sealed_;
  if (out.empty()) return;
  send_some(out);
  ask_for_write(!out.empty());
}

void Connection::seal() {
  if (link_.transport() == nullptr || out_.empty()) return;
  link_.transport()->send(out_, sealed_);
  out_.clear();
}

void Connection::send_some(std::string& bytes) const {
  const auto n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) fail("send");
  if (n > 0) bytes.erase(0, static_cast<std::size_t>(n));
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

}  // namespace tombo::bench
