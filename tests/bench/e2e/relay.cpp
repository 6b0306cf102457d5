// The floor of the benchmark: forwards bytes and understands none of them.
//
// Publishers connect to PORT, subscribers to PORT + 1; both are paired by the order in which
// they come: with as many of each, i to i; with one subscriber, all to it; with one publisher,
// to all.  Level-triggered epoll, one recv per event, one send per destination and turn.
// Message borders are not known, so fan-in relies on writes that arrive whole, which holds for
// the small windows the load generator uses over loopback.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kReadBytes = 128 * 1024;
constexpr int kEventsPerTurn = 256;
/// A publisher is not read while this much waits for a subscriber.
constexpr std::size_t kHighWater = 8 * 1024 * 1024;

enum class Role : std::uint8_t { publisher_door, subscriber_door, publisher, subscriber };

struct Peer {
  Role role;
  int fd;
  std::size_t index = 0;
  std::string out;
  bool dirty = false;
  bool want_write = false;
};

class Relay {
 public:
  explicit Relay(std::uint16_t port) : in_(kReadBytes, '\0') {
    listen_on(Role::publisher_door, port);
    listen_on(Role::subscriber_door, static_cast<std::uint16_t>(port + 1));
  }

  [[noreturn]] void run() {
    epoll_event events[kEventsPerTurn];
    for (;;) {
      const int n = epoll_wait(epoll_, events, kEventsPerTurn, -1);
      // Doors first: the pairing must be complete before the first byte is forwarded.
      for (const bool doors : {true, false}) {
        for (int i = 0; i < n; ++i) {
          auto& peer = *static_cast<Peer*>(events[i].data.ptr);
          if (is_door(peer) == doors) handle(peer, events[i].events);
        }
      }
      for (auto* peer : dirty_) flush(*peer);
      dirty_.clear();
    }
  }

 private:
  void listen_on(Role role, std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 512) != 0) {
      std::perror("tombo_relay: listen");
      std::exit(1);
    }
    add(role, fd);
  }

  Peer& add(Role role, int fd) {
    peers_.push_back(std::make_unique<Peer>(Peer{role, fd, 0, {}, false, false}));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = peers_.back().get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    return *peers_.back();
  }

  static bool is_door(const Peer& peer) {
    return peer.role == Role::publisher_door || peer.role == Role::subscriber_door;
  }

  void handle(Peer& peer, std::uint32_t events) {
    switch (peer.role) {
      case Role::publisher_door:
        return admit(peer, Role::publisher, publishers_);
      case Role::subscriber_door:
        return admit(peer, Role::subscriber, subscribers_);
      case Role::publisher:
        return forward(peer);
      case Role::subscriber:
        if ((events & EPOLLOUT) != 0) mark(peer);
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) drop_if_closed(peer);
        return;
    }
  }

  void admit(const Peer& door, Role role, std::vector<Peer*>& list) {
    for (;;) {
      const int fd = accept4(door.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto& peer = add(role, fd);
      peer.index = list.size();
      list.push_back(&peer);
    }
  }

  void forward(Peer& from) {
    const auto n = recv(from.fd, in_.data(), in_.size(), 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) return forget(from);
    if (n < 0 || subscribers_.empty()) return;
    const bool to_all = publishers_.size() == 1;
    const auto first = to_all ? 0 : from.index % subscribers_.size();
    const auto end = to_all ? subscribers_.size() : first + 1;
    for (auto i = first; i < end; ++i) {
      auto& to = *subscribers_[i];
      if (to.out.size() > kHighWater) {
        std::fputs("tombo_relay: a subscriber does not read\n", stderr);
        std::exit(1);
      }
      to.out.append(in_.data(), static_cast<std::size_t>(n));
      mark(to);
    }
  }

  void mark(Peer& peer) {
    if (peer.dirty) return;
    peer.dirty = true;
    dirty_.push_back(&peer);
  }

  void flush(Peer& peer) {
    peer.dirty = false;
    if (peer.fd < 0 || peer.out.empty()) return;
    const auto n = send(peer.fd, peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return forget(peer);
    if (n > 0) peer.out.erase(0, static_cast<std::size_t>(n));
    const bool wanted = !peer.out.empty();
    if (wanted == peer.want_write) return;
    peer.want_write = wanted;
    epoll_event event{};
    event.events = EPOLLIN | (wanted ? EPOLLOUT : 0U);
    event.data.ptr = &peer;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.fd, &event);
  }

  void drop_if_closed(Peer& peer) {
    const auto n = recv(peer.fd, in_.data(), in_.size(), 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) forget(peer);
  }

  // The pairing only starts afresh when everybody has gone, so that a second run works.
  void forget(Peer& peer) {
    close(peer.fd);
    peer.fd = -1;
    peer.out.clear();
    for (const auto* list : {&publishers_, &subscribers_}) {
      for (const auto* other : *list) {
        if (other->fd >= 0) return;
      }
    }
    publishers_.clear();
    subscribers_.clear();
  }

  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::string in_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Peer*> publishers_;
  std::vector<Peer*> subscribers_;
  std::vector<Peer*> dirty_;
};

}  // namespace

int main(int argc, char** argv) {
  const int port = argc == 3 && std::string(argv[1]) == "--port" ? std::atoi(argv[2]) : 0;
  if (port <= 0 || port > 65534) {
    std::fputs("usage: tombo_relay --port PORT    (publishers connect to PORT, subscribers to PORT + 1)\n",
               stderr);
    return 2;
  }
  Relay(static_cast<std::uint16_t>(port)).run();
}
