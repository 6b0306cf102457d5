#include "control/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::control {

namespace {
/// How long not to accept when the process has no descriptor left.
constexpr int kAcceptPause_ms = 200;

/// Who is at the other end, for the log.
std::string who_is(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "uid=unknown";
  return fmt::format("uid={} pid={}", peer.uid, peer.pid);
}
}  // namespace

Server::Server(Parts parts)
    : context_{parts.core, std::make_shared<Inbox>(), parts.logger, parts.levels, std::move(parts.reload)},
      limits_(parts.limits) {
  context_.rules = parts.rules;
  if (parts.store == nullptr) return;
  store_ = std::make_unique<StoreWorker>(*parts.store, context_.inbox);
  context_.store = store_.get();
}

Server::~Server() { stop(); }

Result<void, std::string> Server::start(const std::string& path, unsigned mode) {
  auto socket = SocketFile::create({path, "control socket", mode});
  if (!socket) return Failure{socket.error()};
  socket_ = std::move(*socket);
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "tombo-control");
  return {};
}

void Server::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_relaxed);
  context_.inbox->ring();
  thread_.join();
  context_.inbox->close();
  for (const Peer& peer : peers_) ::close(peer.descriptor);
  peers_.clear();
  socket_ = {};
  context_.store = nullptr;
  store_.reset();
}

void Server::run() {
  std::vector<pollfd> watched;
  bool may_accept = true;
  while (!stopping_.load(std::memory_order_relaxed)) {
    const short door = may_accept ? POLLIN : 0;
    watched.assign({{context_.inbox->descriptor(), POLLIN, 0}, {socket_.descriptor(), door, 0}});
    for (const Peer& peer : peers_) {
      const int events = (peer.dialogue->wants_bytes() ? POLLIN : 0) | (peer.dialogue->out().empty() ? 0 : POLLOUT);
      watched.push_back({peer.descriptor, static_cast<short>(events), 0});
    }
    const int timeout = wait_ms();
    ::poll(watched.data(), watched.size(), may_accept ? timeout : timeout < 0 ? kAcceptPause_ms : std::min(timeout, kAcceptPause_ms));
    if (context_.inbox->run()) {
      for (const Peer& peer : peers_) peer.dialogue->go_on();
    }
    for (std::size_t i = peers_.size(); i-- > 0;) {
      if (serve(peers_[i], watched[i + 2].revents)) continue;
      ::close(peers_[i].descriptor);
      peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    errno = 0;
    if (watched[1].revents != 0) accept_all();
    may_accept = errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
  }
}

int Server::wait_ms() const {
  MonoTime due = kNever;
  for (const Peer& peer : peers_) due = std::min(due, peer.dialogue->next_due());
  if (due == kNever) return -1;
  return static_cast<int>(std::clamp<std::int64_t>((due - context_.now()).count() + 1, 0, 60'000));
}

/// Leaves in errno why it ended.
void Server::accept_all() {
  while (true) {
    const int descriptor = ::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    Peer peer{descriptor, std::make_unique<Dialogue>(context_, limits_, who_is(descriptor))};
    if (peers_.size() < limits_.connections_max) {
      peers_.push_back(std::move(peer));
      continue;
    }
    peer.dialogue->refuse({ErrorCode::busy, fmt::format("there are {} control connections already", limits_.connections_max)});
    static_cast<void>(write_to(peer));
    ::close(descriptor);
  }
}

/// What the peer said and can be told; false when it is to be closed.
bool Server::serve(Peer& peer, short events) {
  Dialogue& dialogue = *peer.dialogue;
  if ((events & (POLLHUP | POLLERR)) != 0) return false;
  if ((events & POLLIN) != 0 && !read_from(peer)) return false;
  dialogue.tick();
  if (!dialogue.out().empty() && !write_to(peer)) return false;
  dialogue.go_on();  // there is room again
  if (dialogue.closing() && dialogue.out().empty()) return false;
  if (dialogue.overdue()) {
    context_.logger.info("control: connection closed, it waits or keeps us waiting for too long");
    return false;
  }
  return true;
}

bool Server::read_from(Peer& peer) {
  if (!peer.dialogue->wants_bytes()) return true;
  std::array<char, 16 * 1024> buffer;
  const ssize_t count = ::recv(peer.descriptor, buffer.data(), buffer.size(), 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) {
    peer.dialogue->end_of_input();
    return true;
  }
  peer.dialogue->receive({buffer.data(), static_cast<std::size_t>(count)});
  return true;
}

bool Server::write_to(Peer& peer) {
  const std::string_view out = peer.dialogue->out();
  const ssize_t count = ::send(peer.descriptor, out.data(), out.size(), MSG_NOSIGNAL);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  peer.dialogue->sent(static_cast<std::size_t>(count));
  return true;
}

}  // namespace tombo::control
