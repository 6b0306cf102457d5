#include "net/bridge_socket.hpp"

#include "net/shard_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace tombo::net {

namespace {
/// Until the next address of a name is tried.
constexpr Milliseconds kDestinationPatience{5'000};
constexpr Milliseconds kProbePatience{5'000};
constexpr std::size_t kPiecesPerWrite = 64;
constexpr std::size_t kWirePerRead = 64 * 1024;
constexpr std::size_t kWirePerWrite = 64 * 1024;
/// Receives in one go from a broker that was told goodbye.
constexpr int kReadsPerGoodbye = 8;

void set_number(int descriptor, int level, int name, int value) {
  ::setsockopt(descriptor, level, name, &value, sizeof value);
}
}  // namespace

BridgeSocket::~BridgeSocket() {
  close();
  prober_.end();
}

void BridgeSocket::set_options(const config::Bridge& options, std::shared_ptr<const filter::TlsClient> tls) {
  options_ = options;
  tls_ = std::move(tls);
}

// --- connecting

void BridgeSocket::dial(const config::BridgeAddress& address) {
  close();
  ++attempt_;
  told_lost_ = false;
  host_ = address.host;
  phase_ = Phase::resolving;
  reads_ = true;
  if (Resolved literal = Resolver::address_of(address.host, address.port); !literal.found.empty())
    return resolved(attempt_, std::move(literal));
  resolver_.resolve(address.host, address.port,
                    [this, attempt = attempt_, alive = std::weak_ptr<int>{alive_}, &loop = loop_](Resolved found) {
                      loop.post([this, attempt, alive, found = std::move(found)] {
                        if (!alive.expired()) resolved(attempt, found);
                      });
                    });
}

void BridgeSocket::resolved(std::uint64_t attempt, Resolved resolved) {
  if (attempt != attempt_ || phase_ != Phase::resolving) return;
  destinations_ = std::move(resolved.found);
  next_destination_ = 0;
  if (destinations_.empty()) return lost(std::move(resolved.why));
  connect_next();
}

/// A socket that connects to there, or -1.
int BridgeSocket::open_socket(const Destination& to, std::string& why) const {
  const int descriptor = ::socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    why = std::strerror(errno);
    return -1;
  }
  set_number(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options_.tcp_keepalive_s != 0) {
    set_number(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_number(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options_.tcp_keepalive_s));
  }
  if (options_.tcp_user_timeout_ms != 0)
    set_number(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options_.tcp_user_timeout_ms));
  if (!options_.bind_address.empty()) {
    set_number(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const Resolved from = Resolver::address_of(options_.bind_address, 0);
    const auto same = std::find_if(from.found.begin(), from.found.end(), [&](const Destination& one) {
      return one.address.ss_family == to.address.ss_family;
    });
    if (same == from.found.end() ||
        ::bind(descriptor, reinterpret_cast<const sockaddr*>(&same->address), same->size) != 0) {
      why = same == from.found.end() ? "bind_address is of another family"
                                     : std::string{"bind_address: "} + std::strerror(errno);
      ::close(descriptor);
      return -1;
    }
  }
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&to.address), to.size) == 0 || errno == EINPROGRESS)
    return descriptor;
  why = std::strerror(errno);
  ::close(descriptor);
  return -1;
}

void BridgeSocket::connect_next() {
  std::string why = "no address";
  while (next_destination_ < destinations_.size()) {
    const Destination& to = destinations_[next_destination_++];
    descriptor_ = open_socket(to, why);
    if (descriptor_ < 0) continue;
    phase_ = Phase::connecting;
    destination_until_ = loop_.shard().now() + kDestinationPatience;
    return watch(false, true);
  }
  lost(std::move(why));
}

void BridgeSocket::connected() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    const bool last = next_destination_ == destinations_.size();
    if (last) return lost(std::strerror(error));
    watch(false, false);
    ::close(std::exchange(descriptor_, -1));
    return connect_next();
  }
  destination_until_ = kNever;
  watch(true, false);
  if (!tls_) return opened();
  phase_ = Phase::shaking;
  filter_ = tls_->make_filter(host_);
  receive_filtered({});
}

void BridgeSocket::opened() {
  phase_ = Phase::open;
  bridge_->on_open();
}

// --- what comes

void BridgeSocket::on_event(std::uint32_t events) {
  if (phase_ == Phase::connecting) return connected();
  if (phase_ != Phase::shaking && phase_ != Phase::open) return;
  if ((events & EPOLLOUT) != 0) {
    watch(watching_readable_, false);
    if (phase_ == Phase::shaking && !write_unsent()) return;
    flush();
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && phase_ != Phase::closed) on_readable();
}

void BridgeSocket::on_readable() {
  const ssize_t received = ::recv(descriptor_, loop_.buffer(), kWirePerRead, 0);
  if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (received < 0) return lost(std::strerror(errno));
  if (received == 0) return lost("the other broker closed the connection");
  loop_.shard().counters().bytes_received.add(static_cast<std::uint64_t>(received));
  const mqtt::Bytes bytes{loop_.buffer(), static_cast<std::size_t>(received)};
  if (filter_) {
    if (!receive_filtered(bytes)) return;
  } else {
    kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  }
  hand_over();
}

/// False: the connection has ended.
bool BridgeSocket::receive_filtered(mqtt::Bytes bytes) {
  filter::Sink& wire = loop_.wire();
  wire.clear();
  const bool good = filter_->receive(bytes, kept_, wire);
  unsent_.insert(unsent_.end(), wire.begin(), wire.end());
  if (!write_unsent()) return false;
  if (!good) {
    lost(std::string{filter_->why()});
    return false;
  }
  if (phase_ == Phase::shaking && filter_->open()) opened();
  if (phase_ == Phase::open && filter_->ended()) {
    hand_over();
    if (phase_ == Phase::open) lost("the other broker closed the connection");
    return false;
  }
  return phase_ == Phase::shaking || phase_ == Phase::open;
}

void BridgeSocket::hand_over() {
  if (phase_ != Phase::open || kept_.empty()) return;
  const std::uint64_t attempt = attempt_;
  const std::vector<std::uint8_t> bytes = std::exchange(kept_, {});
  const std::size_t consumed = bridge_->on_bytes(bytes);
  if (attempt != attempt_ || phase_ != Phase::open) return;
  kept_.assign(bytes.begin() + static_cast<std::ptrdiff_t>(consumed), bytes.end());
}

void BridgeSocket::read(bool on) {
  reads_ = on;
  if (phase_ != Phase::open) return;
  watch(on, watching_writable_);
  kept_is_due_ = on && !kept_.empty();
}

// --- what goes

void BridgeSocket::flush() {
  if (phase_ != Phase::open) return;
  const std::size_t before = bridge_->out().size() + unsent_.size();
  if (before == 0 || watching_writable_) return;
  if (!(filter_ ? write_filtered() : write_plain())) return;
  const std::size_t left = bridge_->out().size() + unsent_.size();
  if (left != 0) watch(watching_readable_, true);
  if (left < before) bridge_->on_written();
}

bool BridgeSocket::write_plain() {
  auto& out = bridge_->out();
  while (!out.empty()) {
    std::array<iovec, kPiecesPerWrite> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = out.describe(pieces.data(), pieces.size());
    const ssize_t sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (sent < 0) {
      lost(std::strerror(errno));
      return false;
    }
    loop_.shard().counters().bytes_sent.add(static_cast<std::uint64_t>(sent));
    out.consume(static_cast<std::size_t>(sent));
  }
  return true;
}

bool BridgeSocket::write_filtered() {
  if (!write_unsent()) return false;
  auto& out = bridge_->out();
  while (!out.empty() && unsent_.empty()) {
    std::array<iovec, kPiecesPerWrite> pieces;
    const std::size_t count = out.describe(pieces.data(), pieces.size());
    filter::Sink& plain = loop_.plain();
    plain.clear();
    for (std::size_t i = 0; i < count && plain.size() < kWirePerWrite; ++i) {
      const auto* bytes = static_cast<const std::uint8_t*>(pieces[i].iov_base);
      plain.insert(plain.end(), bytes, bytes + std::min(pieces[i].iov_len, kWirePerWrite - plain.size()));
    }
    if (!filter_->send(plain, unsent_)) {
      lost(std::string{filter_->why()});
      return false;
    }
    out.consume(plain.size());
    if (!write_unsent()) return false;
  }
  return true;
}

bool BridgeSocket::write_unsent() {
  std::size_t at = 0;
  while (at < unsent_.size()) {
    const ssize_t sent = ::send(descriptor_, unsent_.data() + at, unsent_.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (sent < 0) {
      lost(std::strerror(errno));
      return false;
    }
    loop_.shard().counters().bytes_sent.add(static_cast<std::uint64_t>(sent));
    at += static_cast<std::size_t>(sent);
  }
  unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(at));
  if (!unsent_.empty()) watch(watching_readable_, true);
  return true;
}

// --- the end

/// Told in the next turn: who called may be the bridge itself.
void BridgeSocket::lost(std::string why) {
  const bool tells = !told_lost_;
  close();
  if (!tells) return;
  lost_why_ = std::move(why);
}

void BridgeSocket::hang_up() {
  if (phase_ == Phase::open) {
    told_lost_ = true;
    if (filter_) {
      if (write_filtered() && phase_ == Phase::open) {
        filter_->close(unsent_);
        write_unsent();
      }
    } else {
      write_plain();
    }
  }
  if (descriptor_ >= 0 && phase_ == Phase::open) {
    // What it has sent meanwhile must not turn our goodbye into a reset.
    ::shutdown(descriptor_, SHUT_WR);
    for (int i = 0; i<kReadsPerGoodbye&& ::recv(descriptor_, loop_.buffer(), ShardLoop::kBufferSize, 0)> 0; ++i) {
    }
  }
  close();
  lost_why_.clear();
}

void BridgeSocket::close() {
  ++attempt_;
  told_lost_ = true;
  phase_ = Phase::closed;
  destination_until_ = kNever;
  kept_is_due_ = false;
  if (descriptor_ >= 0) {
    watch(false, false);
    ::close(std::exchange(descriptor_, -1));
  }
  filter_.reset();
  kept_ = {};
  unsent_ = {};
}

void BridgeSocket::watch(bool readable, bool writable) {
  watching_readable_ = readable;
  watching_writable_ = writable;
  epoll_event event{};
  event.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
  event.data.ptr = static_cast<Watched*>(this);
  const bool wanted = readable || writable;
  if (!wanted && !watching_) return;
  ::epoll_ctl(loop_.epoll(), !wanted ? EPOLL_CTL_DEL : watching_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor_, &event);
  watching_ = wanted;
}

// --- time

MonoTime BridgeSocket::next_due() const {
  if (!lost_why_.empty() || kept_is_due_) return loop_.shard().now();
  return std::min(destination_until_, prober_.until);
}

void BridgeSocket::turn() {
  if (!lost_why_.empty()) bridge_->on_lost(std::exchange(lost_why_, {}));
  if (std::exchange(kept_is_due_, false)) hand_over();
  const MonoTime now = loop_.shard().now();
  if (now >= prober_.until) probed(false);
  if (phase_ != Phase::connecting || now < destination_until_) return;
  watch(false, false);
  ::close(std::exchange(descriptor_, -1));
  if (next_destination_ == destinations_.size()) return lost("it does not answer");
  connect_next();
}

// --- whether the first address is there again

void BridgeSocket::probe(const config::BridgeAddress& address) {
  prober_.end();
  prober_.until = loop_.shard().now() + kProbePatience;
  if (const Resolved literal = Resolver::address_of(address.host, address.port); !literal.found.empty())
    return probe_resolved(literal);
  resolver_.resolve(address.host, address.port,
                    [this, alive = std::weak_ptr<int>{alive_}, &loop = loop_](Resolved found) {
                      loop.post([this, alive, found = std::move(found)] {
                        if (!alive.expired()) probe_resolved(found);
                      });
                    });
}

void BridgeSocket::probe_resolved(const Resolved& resolved) {
  if (prober_.until == kNever || prober_.descriptor >= 0 || resolved.found.empty()) return;  // its patience ends
  std::string why;
  prober_.descriptor = open_socket(resolved.found.front(), why);
  if (prober_.descriptor < 0) return;
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.ptr = static_cast<Watched*>(&prober_);
  ::epoll_ctl(loop_.epoll(), EPOLL_CTL_ADD, prober_.descriptor, &event);
}

void BridgeSocket::Prober::on_event(std::uint32_t) {
  if (descriptor < 0) return;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  socket_.probed(error == 0);
}

void BridgeSocket::Prober::end() {
  until = kNever;
  if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
}

void BridgeSocket::probed(bool reachable) {
  prober_.end();
  bridge_->on_probed(reachable);
}

}  // namespace tombo::net
