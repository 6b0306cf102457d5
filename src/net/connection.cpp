#include "net/connection.hpp"

#include "broker/client.hpp"
#include "net/shard_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
constexpr std::size_t kPiecesPerWrite = 64;
/// From this size on a packet that is not whole is completed in its own store instead of the shard's buffer.
constexpr std::size_t kCopyMax = 32 * 1024;
/// Up to this size what is there of a packet is copied in front of what comes; a larger piece is completed in place.
constexpr std::size_t kPrependMax = 2048;
/// Room that is made for a packet before its bytes are there; what claims more grows with what comes.
constexpr std::size_t kRoomMax = 64 * 1024;
/// From this size on a packet is received into memory of its own, which its message then keeps.
constexpr std::size_t kOwnMemoryMin = 4096;
/// Packets that are expected at once.
constexpr std::size_t kPacketsPerRead = 8;
/// Receives in one go from a peer that was told goodbye.
constexpr int kReadsPerDrain = 8;
}  // namespace

Connection::Connection(ShardLoop& loop, int descriptor, ListenerState& listener)
    : Transport(loop.shard().flush_list()), loop_(loop), listener_(listener), descriptor_(descriptor) {}

Connection::~Connection() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (counted_held_ != 0) loop_.shard().counters().connection_bytes.subtract(counted_held_);
  if (move_target_ < 0) listener_.connections.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::start(mqtt::Bytes carried) {
  watch(true, false);
  if (carried.empty()) return;
  kept_ = std::make_unique<mqtt::ByteStore>();
  kept_->assign(carried);
  loop_.add_to_backlog(*this);
}

/// Says what the loop shall wake this connection for.
void Connection::watch(bool readable, bool writable) {
  if (readable == watching_readable_ && writable == watching_writable_) return;
  const bool known = watching_readable_ || watching_writable_;
  watching_readable_ = readable;
  watching_writable_ = writable;
  epoll_event event{};
  event.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
  event.data.ptr = static_cast<Watched*>(this);
  // Watched for nothing it is taken out altogether, since a hang-up is reported whatever is asked for.
  const int operation = !readable && !writable ? EPOLL_CTL_DEL : known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  ::epoll_ctl(loop_.epoll(), operation, descriptor_, &event);
}

void Connection::on_event(std::uint32_t events) {
  if (phase_ == Phase::closed) return;
  if ((events & (EPOLLOUT | EPOLLERR)) != 0 && watching_writable_) {
    watch(watching_readable_, false);
    flush();
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || !watching_readable_) return;
  if (phase_ == Phase::draining) return drain_until_peer_closes();
  if (phase_ == Phase::open) on_readable();
}

/// One receive per event: the next event comes at once if there is more, and others have their turn between.
void Connection::on_readable() {
  const std::size_t before = kept_ ? kept_->size() : 0;
  if (before > kCopyMax) return receive_into_store();
  if ((before > kPrependMax || packet_size_ != 0) && receive_into_packets()) return;
  std::uint8_t* buffer = loop_.buffer();
  if (before != 0) std::memcpy(buffer, kept_->bytes().data(), before);
  const ssize_t received = ::recv(descriptor_, buffer + before, ShardLoop::kBufferSize - before, 0);
  if (!judge(received)) return;
  const mqtt::Bytes bytes{buffer, before + static_cast<std::size_t>(received)};
  if (before != 0) learn_packet_size(bytes.size());
  hand_over(bytes, false);
}

/// A packet whose beginning was kept has become whole: the next ones may be as large.
void Connection::learn_packet_size(std::size_t received) {
  const std::size_t whole = mqtt::next_frame(kept_->bytes(), mqtt::kRemainingLengthMax).needed;
  if (whole >= kOwnMemoryMin && whole <= kRoomMax && whole <= received) packet_size_ = static_cast<std::uint32_t>(whole);
}

/// Receives the rest of a medium packet behind its beginning, more packets of the size that the last one had each into
/// memory of its own, and what follows into the shard's buffer: one call and, if the guess is right, no copy.  False if
/// there is nothing to go by; then nothing was received.  Memory is made for what a packet before had or, where a good
/// part of a packet has come, for the rest of it: not for what a peer only claims.
bool Connection::receive_into_packets() {
  if (client() == nullptr || client()->state != broker::Client::State::active) return false;
  const std::size_t before = kept_ ? kept_->size() : 0;
  const std::size_t whole = before == 0 ? packet_size_ : mqtt::next_frame(kept_->bytes(), client()->packet_bytes_max).needed;
  if (whole <= before || whole < kOwnMemoryMin || whole > kRoomMax) return false;
  if (before <= kPrependMax && whole != packet_size_) return false;
  packet_size_ = static_cast<std::uint32_t>(whole);
  std::array<mqtt::ByteStore, kPacketsPerRead> packets;
  std::array<iovec, kPacketsPerRead + 1> pieces;
  if (kept_) packets[0] = std::move(*kept_);
  kept_.reset();
  const std::size_t count = std::clamp<std::size_t>(ShardLoop::kBufferSize / whole, 1, kPacketsPerRead);
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i].iov_base = packets[i].prepare_exactly(whole);
    pieces[i].iov_len = packets[i].room();
  }
  pieces[count] = {loop_.buffer(), ShardLoop::kBufferSize};
  const ssize_t received = ::readv(descriptor_, pieces.data(), static_cast<int>(count) + 1);
  const std::size_t rest = spread(received < 0 ? 0 : static_cast<std::size_t>(received), {packets.data(), count});
  if (!judge(received)) {
    if (phase_ == Phase::open && before != 0) kept_ = std::make_unique<mqtt::ByteStore>(std::move(packets[0]));
    return true;
  }
  for (std::size_t i = 0; i < count && !packets[i].empty() && phase_ == Phase::open; ++i) {
    if (kept_) {
      keep(packets[i].bytes());
      continue;
    }
    kept_ = std::make_unique<mqtt::ByteStore>(std::move(packets[i]));
    hand_over(kept_->bytes(), true);
  }
  if (rest != 0 && phase_ == Phase::open) {
    if (kept_) {
      keep({loop_.buffer(), rest});
    } else {
      hand_over({loop_.buffer(), rest}, false);
    }
  }
  return true;
}

/// Says which bytes have come to which packet; returns how many are in the shard's buffer.
std::size_t Connection::spread(std::size_t received, std::span<mqtt::ByteStore> packets) {
  for (mqtt::ByteStore& packet : packets) {
    const std::size_t here = std::min(received, packet.room());
    packet.commit(here);
    received -= here;
  }
  return received;
}

/// Puts bytes behind those that wait, since the guess was wrong or the client is paused; they are looked at together.
void Connection::keep(mqtt::Bytes bytes) {
  packet_size_ = 0;
  std::memcpy(kept_->prepare(bytes.size()), bytes.data(), bytes.size());
  kept_->commit(bytes.size());
  count_held();
  if (!paused_) loop_.add_to_backlog(*this);
}

void Connection::receive_into_store() {
  std::uint8_t* room = kept_->prepare(ShardLoop::kBufferSize);
  const ssize_t received = ::recv(descriptor_, room, kept_->room(), 0);
  if (!judge(received)) return;
  kept_->commit(static_cast<std::size_t>(received));
  hand_over(kept_->bytes(), true);
}

/// Whether a receive brought bytes; the end of the connection is dealt with.
bool Connection::judge(std::int64_t received) {
  if (received > 0) return true;
  if (received == 0) {
    lost("the peer closed the connection");
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    lost(std::strerror(errno));
  }
  return false;
}

/// Gives bytes to the broker and keeps what it leaves.
void Connection::hand_over(mqtt::Bytes bytes, bool from_store) {
  if (client() == nullptr) return;
  bool has_more = false;
  const std::size_t consumed = loop_.shard().on_bytes(*client(), bytes, has_more, from_store ? kept_.get() : nullptr);
  if (move_target_ >= 0) return moved_away(bytes);
  if (phase_ != Phase::open) return;
  if (consumed == bytes.size()) {
    kept_.reset();
  } else if (from_store) {
    kept_->consume(consumed);
  } else {
    if (!kept_) kept_ = std::make_unique<mqtt::ByteStore>();
    kept_->assign(bytes.subspan(consumed));
  }
  if (kept_ || counted_held_ != 0) count_held();
  if (has_more) loop_.add_to_backlog(*this);
}

void Connection::go_on() {
  if (phase_ != Phase::open || paused_) return;
  watch(true, watching_writable_);
  if (kept_) hand_over(kept_->bytes(), true);
}

void Connection::pause_reading() {
  paused_ = true;
  watch(false, watching_writable_);
}

void Connection::resume_reading() {
  paused_ = false;
  loop_.add_to_backlog(*this);
}

void Connection::flush() {
  if (phase_ == Phase::closed) return flushed();
  write_some();
  if (phase_ == Phase::closed) return;
  const bool all = waiting() == 0;
  count_held();
  flushed();
  if (!all) {
    if (phase_ == Phase::flushing) loop_.linger(*this);
    return watch(watching_readable_, true);
  }
  if (phase_ == Phase::flushing) {
    // Let the peer read what was said before the socket goes: closing with unread bytes would reset it.
    phase_ = Phase::draining;
    ::shutdown(descriptor_, SHUT_WR);
    loop_.linger(*this);
    return drain_until_peer_closes();
  }
  if (client() != nullptr) loop_.shard().on_writable(*client());
}

void Connection::write_some() {
  auto* out = batch();
  while (out != nullptr && !out->empty()) {
    std::array<iovec, kPiecesPerWrite> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = out->describe(pieces.data(), pieces.size());
    std::size_t offered = 0;
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) offered += pieces[i].iov_len;
    const ssize_t sent = message.msg_iovlen == 1
                             ? ::send(descriptor_, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                             : ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      out->clear();
      return lost(std::strerror(errno));
    }
    loop_.shard().counters().bytes_sent.add(static_cast<std::uint64_t>(sent));
    out->consume(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < offered) return;  // the socket is full
  }
}

/// Tells the shard what this connection holds, half a packet in or bytes that the socket did not take, for the memory
/// ceiling.
void Connection::count_held() {
  const std::size_t held = waiting() + (kept_ ? kept_->capacity() : 0);
  const auto now = static_cast<std::uint32_t>(std::min<std::size_t>(held, 0xFFFF'FFFF));
  if (now == counted_held_) return;
  auto& counter = loop_.shard().counters().connection_bytes;
  counter.add(now);
  counter.subtract(counted_held_);
  counted_held_ = now;
}

void Connection::close_after_flush() {
  if (phase_ != Phase::open) return;
  if (waiting() == 0) return abort();
  phase_ = Phase::flushing;
  kept_.reset();
  watch(false, watching_writable_);
  if (!watching_writable_) static_cast<void>(out());  // so that this turn's flush comes by
}

void Connection::drain_until_peer_closes() {
  watch(true, false);
  // A peer that goes on sending must not keep the loop here: the next event comes at once if there is more.
  for (int i = 0; i < kReadsPerDrain; ++i) {
    const ssize_t received = ::recv(descriptor_, loop_.buffer(), ShardLoop::kBufferSize, 0);
    if (received > 0) continue;
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    return abort();
  }
}

void Connection::lost(std::string_view why) {
  if (auto* gone = client()) loop_.shard().on_closed(*gone, why);
  abort();
}

void Connection::abort() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  ::close(std::exchange(descriptor_, -1));
  loop_.bury(*this);
}

/// The socket goes on at its client's home; this object is left to be destroyed.
void Connection::moved_away(mqtt::Bytes bytes) {
  watch(false, false);
  phase_ = Phase::closed;
  loop_.loop_of(static_cast<routing::ShardId>(move_target_)).adopt(std::exchange(descriptor_, -1), listener_, bytes);
  loop_.bury(*this);
}

std::shared_ptr<const auth::Peer> Connection::peer() const {
  auto known = std::make_shared<auth::Peer>();
  known->address = peer_address();
  return known;
}

std::string Connection::peer_address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "-";
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(v4.sin_port));
  }
  if (address.ss_family != AF_INET6) return "-";
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
}

}  // namespace tombo::net
