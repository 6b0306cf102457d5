#include "net/acceptor.hpp"

#include "net/shard_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

namespace tombo::net {

namespace {
/// Connections taken per event, so that a storm of them does not fill a turn.
constexpr int kAcceptedPerEventMax = 64;

bool out_of_resources(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }
}  // namespace

Acceptor::Acceptor(ShardLoop& loop, int descriptor, ListenerState& listener, log::Logger logger)
    : loop_(loop), listener_(listener), logger_(logger), descriptor_(descriptor) {}

void Acceptor::open() {
  if (std::exchange(open_, true)) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = static_cast<Watched*>(this);
  ::epoll_ctl(loop_.epoll(), EPOLL_CTL_ADD, descriptor_, &event);
}

void Acceptor::shut() {
  if (std::exchange(open_, false)) ::epoll_ctl(loop_.epoll(), EPOLL_CTL_DEL, descriptor_, nullptr);
}

bool Acceptor::may_take(const Entrance& entrance, MonoTime now) const {
  return listener_.accepted.has(now, entrance.connections_per_s) && listener_.handshakes.has(now, entrance.tls_handshakes_per_s);
}

/// This second's connections of the listener are all taken: the others wait in the kernel for the next one.
void Acceptor::rest(MonoTime now) {
  shut();
  loop_.open_doors_again(std::chrono::floor<Seconds>(now) + Seconds{1});
}

/// The epoll is level-triggered: what is not taken now is shown again.  So no call is spent on finding out that there
/// is no more, except while connections come in crowds.
void Acceptor::on_event(std::uint32_t events) {
  if ((events & EPOLLHUP) != 0) return shut();  // the listener has closed
  const auto entrance = listener_.entrance.load();
  const MonoTime now = loop_.shard().now();
  for (int i = 0; i < per_event_; ++i) {
    if (!may_take(*entrance, now)) return rest(now);
    sockaddr_storage address{};
    socklen_t address_size = sizeof address;
    const int fd = ::accept4(descriptor_, reinterpret_cast<sockaddr*>(&address), &address_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      told_ = false;
      listener_.accepted.take(now, entrance->connections_per_s);
      listener_.handshakes.take(now, entrance->tls_handshakes_per_s);
      loop_.accepted(fd, address, listener_);
      continue;
    }
    if (out_of_resources(errno)) {
      if (!std::exchange(told_, true)) logger_.error("cannot accept connections: {}", std::strerror(errno));
      return loop_.pause_accepting();
    }
    per_event_ = std::max(i, 1);  // none left, or a peer that has gone again
    return;
  }
  per_event_ = std::min(per_event_ * 2, kAcceptedPerEventMax);
}

}  // namespace tombo::net
