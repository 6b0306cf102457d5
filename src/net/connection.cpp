#include "net/connection.hpp"

#include "net/shard_loop.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
constexpr std::size_t kPiecesPerWrite = 64;
/// From this size on a packet that is not whole is completed in its own store instead of the shard's buffer.
constexpr std::size_t kCopyMax = 32 * 1024;
}  // namespace

Connection::Connection(ShardLoop& loop, Socket socket, std::shared_ptr<ListenerState> listener)
    : Transport(loop.shard().flush_list()), loop_(loop), socket_(std::move(socket)), listener_(std::move(listener)) {}

Connection::~Connection() {
  if (counted_waiting_ != 0) loop_.shard().counters().output_waiting.subtract(counted_waiting_);
  if (move_target_ < 0) listener_->connections.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::start(ByteStore& carried) {
  if (!carried.empty()) {
    kept_.assign(carried.bytes());
    return loop_.add_to_backlog(*this);
  }
  arm();
}

void Connection::arm() {
  if (reading_ || paused_ || phase_ == Phase::closed || phase_ == Phase::flushing) return;
  reading_ = true;
  ++pending_;
  socket_.async_wait(asio::socket_base::wait_read, [this](const std::error_code& error) {
    --pending_;
    reading_ = false;
    loop_.enter();
    if (phase_ == Phase::closed) return finish_close();
    if (phase_ == Phase::draining) return drain_until_peer_closes();
    if (!error) on_readable();
  });
}

/// One receive per event: the next event comes at once if there is more, and others have their turn between.
void Connection::on_readable() {
  if (paused_) return;
  if (kept_.size() > kCopyMax) {
    if (receive_into_store()) hand_over(kept_.bytes(), true);
  } else {
    std::uint8_t* buffer = loop_.buffer();
    const std::size_t before = kept_.size();
    if (before != 0) std::memcpy(buffer, kept_.bytes().data(), before);
    const ssize_t got = ::recv(socket_.native_handle(), buffer + before, ShardLoop::kBufferSize - before, 0);
    if (got > 0) {
      hand_over({buffer, before + static_cast<std::size_t>(got)}, false);
    } else if (got == 0) {
      return lost("the peer closed the connection");
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      return lost(std::strerror(errno));
    }
  }
  if (phase_ == Phase::open) arm();
}

bool Connection::receive_into_store() {
  std::uint8_t* room = kept_.prepare(ShardLoop::kBufferSize);
  const ssize_t got = ::recv(socket_.native_handle(), room, kept_.room(), 0);
  if (got > 0) {
    kept_.commit(static_cast<std::size_t>(got));
    return true;
  }
  if (got == 0) {
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
  const std::size_t consumed = loop_.shard().on_bytes(*client(), bytes, has_more);
  if (move_target_ >= 0) return moved_away(bytes);
  if (phase_ != Phase::open) return;
  if (from_store) {
    if (consumed != 0) kept_.consume(consumed);
  } else {
    kept_.assign(bytes.subspan(consumed));
  }
  if (has_more) loop_.add_to_backlog(*this);
}

void Connection::go_on() {
  if (phase_ != Phase::open || paused_) return;
  if (!kept_.empty()) hand_over(kept_.bytes(), true);
  if (phase_ == Phase::open) arm();
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
  count_waiting();
  flushed();
  if (!all) return wait_for_room();
  if (phase_ == Phase::flushing) {
    // Let the peer read what was said before the socket goes: closing with unread bytes would reset it.
    phase_ = Phase::draining;
    ::shutdown(socket_.native_handle(), SHUT_WR);
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
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
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

void Connection::wait_for_room() {
  if (writing_) return;
  writing_ = true;
  ++pending_;
  if (phase_ == Phase::flushing) loop_.linger(*this);
  socket_.async_wait(asio::socket_base::wait_write, [this](const std::error_code& error) {
    --pending_;
    writing_ = false;
    loop_.enter();
    if (phase_ == Phase::closed) return finish_close();
    if (error) return;
    flush();
  });
}

/// Tells the shard how much this socket did not take, for the memory ceiling.
void Connection::count_waiting() {
  const auto now = static_cast<std::uint32_t>(std::min<std::size_t>(waiting(), 0xFFFF'FFFF));
  if (now == counted_waiting_) return;
  auto& counter = loop_.shard().counters().output_waiting;
  counter.add(now);
  counter.subtract(counted_waiting_);
  counted_waiting_ = now;
}

void Connection::close_after_flush() {
  if (closing()) return;
  if (waiting() == 0) return abort();
  phase_ = Phase::flushing;
  kept_.assign({});
  if (!writing_) static_cast<void>(out());  // so that this turn's flush comes by
}

void Connection::drain_until_peer_closes() {
  while (true) {
    const ssize_t got = ::recv(socket_.native_handle(), loop_.buffer(), ShardLoop::kBufferSize, 0);
    if (got > 0) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return arm();
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
  std::error_code ignored;
  socket_.close(ignored);
  finish_close();
}

/// Destroys the connection once nothing refers to it any more: handlers that were cancelled come first.
void Connection::finish_close() {
  if (pending_ != 0) return;
  pending_ = 0xFF;  // from here on only the loop's task below counts
  asio::post(loop_.io(), [this] { loop_.destroy(*this); });
}

void Connection::move_to(routing::ShardId shard) { move_target_ = shard; }

/// The socket goes on at its client's home; this object is left to be destroyed.
void Connection::moved_away(mqtt::Bytes bytes) {
  std::error_code error;
  const int fd = socket_.release(error);
  if (error) {
    move_target_ = -1;
    return abort();
  }
  phase_ = Phase::closed;
  loop_.loop_of(static_cast<routing::ShardId>(move_target_)).adopt(fd, listener_, bytes);
  kept_.assign({});
  finish_close();
}

std::string Connection::peer_address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(const_cast<Socket&>(socket_).native_handle(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return "-";
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
