#include "net/connection.hpp"

#include "broker/client.hpp"
#include "net/peer_of.hpp"
#include "net/shard_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

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
/// Received and sent at once where filters stand between.
constexpr std::size_t kWirePerRead = 64 * 1024;
constexpr std::size_t kWirePerWrite = 64 * 1024;
/// What filters have made that the socket did not take: a part of a write with its frames, and some answers.
constexpr std::size_t kUnsentMax = 4 * kWirePerWrite;
/// Pieces of a file that go out at once, and how long its reader has for all of it.
constexpr std::size_t kLastWordsPerFlush = 4;
constexpr Milliseconds kLastWordsPatience{30'000};
/// How long a peer that was told goodbye may take to close.
constexpr Milliseconds kLinger{2'000};
/// Receives in one go from a peer that was told goodbye.
constexpr int kReadsPerDrain = 8;
}  // namespace

Connection::Connection(ShardLoop& loop, Arrival& arrival)
    : Transport(loop.shard().flush_list()),
      loop_(loop),
      listener_(*arrival.listener),
      peer_(std::move(arrival.peer)),
      way_in_(std::move(arrival.way_in)),
      descriptor_(std::exchange(arrival.descriptor, -1)) {
  if (!arrival.unsent.empty()) unsent_.assign(arrival.unsent);
}

Connection::~Connection() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (counted_held_ != 0) loop_.shard().counters().connection_bytes.subtract(counted_held_);
  if (move_target_ < 0) listener_.connections.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::start(mqtt::Bytes carried) {
  watch(true, !unsent_.empty());
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
  if (way_in_) return receive_filtered();
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

/// What the socket has goes through the filters; MQTT's part of it is put behind what was kept.
void Connection::receive_filtered() {
  const ssize_t received = ::recv(descriptor_, loop_.buffer(), kWirePerRead, 0);
  if (judge(received)) take_filtered({loop_.buffer(), static_cast<std::size_t>(received)});
}

void Connection::take_filtered(mqtt::Bytes received) {
  filter::Sink& plain = loop_.plain();
  filter::Sink& wire = loop_.wire();
  plain.clear();
  wire.clear();
  const std::size_t before = kept_ ? kept_->size() : 0;
  const bool in_store = before > kCopyMax;
  if (before != 0 && !in_store) plain.assign(kept_->bytes().begin(), kept_->bytes().end());
  const std::size_t had = plain.size();
  const bool good = way_in_->receive(received, loop_.scratch(), plain, wire);
  const bool ended = !good || way_in_->ended();
  if (!wire.empty() && !send_wire(wire)) return;
  if (plain.size() > had) {
    if (in_store) {
      std::memcpy(kept_->prepare(plain.size()), plain.data(), plain.size());
      kept_->commit(plain.size());
      hand_over(kept_->bytes(), true);
    } else {
      hand_over(plain, false);
    }
  }
  if (phase_ == Phase::open && waits_for_key()) ask_for_key();
  if (!ended || phase_ != Phase::open) return;
  if (good && packets_wait()) {
    // The peer has ended in good order; what it said before is heard first.
    ended_ = true;
    return watch(false, watching_writable_);
  }
  if (way_in_->turned_away()) loop_.turned_away(way_in_->peer()->address, listener_, way_in_->why());
  part(good ? "the peer closed the connection" : way_in_->why());
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
  if (peer_ && client()->state == broker::Client::State::active) peer_.reset();  // asked for no more, and large
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
  if (!ended_ && !waits_for_key()) watch(true, watching_writable_);
  if (kept_) hand_over(kept_->bytes(), true);
  if (ended_ && phase_ == Phase::open && !packets_wait()) part("the peer closed the connection");
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
  if (!way_in_) {
    write_some();
  } else if (!write_filtered()) {
    return;
  }
  if (phase_ == Phase::closed) return;
  const bool last_words = way_in_ && way_in_->left() != 0;
  const bool all = waiting() == 0 && unsent_.empty() && !last_words;
  count_held();
  flushed();
  if (!all) {
    if (phase_ == Phase::flushing) loop_.linger(*this, last_words ? kLastWordsPatience : kLinger);
    return watch(watching_readable_, true);
  }
  if (phase_ == Phase::flushing) {
    // Let the peer read what was said before the socket goes: closing with unread bytes would reset it.
    phase_ = Phase::draining;
    if (way_in_ && !say_goodbye()) return;
    ::shutdown(descriptor_, SHUT_WR);
    loop_.linger(*this, kLinger);
    return drain_until_peer_closes();
  }
  if (client() != nullptr) loop_.shard().on_writable(*client());
}

/// Sends what the filters have made, behind what the socket did not take before; false if the connection has ended.
bool Connection::send_wire(filter::Sink& wire) {
  std::size_t at = 0;
  while (unsent_.empty() && at < wire.size()) {
    const ssize_t sent = ::send(descriptor_, wire.data() + at, wire.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      lost(std::strerror(errno));
      return false;
    }
    if (sent < 0) break;
    loop_.shard().counters().bytes_sent.add(static_cast<std::uint64_t>(sent));
    at += static_cast<std::size_t>(sent);
  }
  if (at == wire.size()) return true;
  const std::size_t rest = wire.size() - at;
  if (unsent_.size() + rest > kUnsentMax) {
    lost("it does not read what the handshake answers");
    return false;
  }
  std::memcpy(unsent_.prepare(rest), wire.data() + at, rest);
  unsent_.commit(rest);
  watch(watching_readable_, true);
  return true;
}

/// What waits goes through the filters, a bounded part at a time, while the socket takes it.  False if the connection has
/// ended.
bool Connection::write_filtered() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(descriptor_, unsent_.bytes().data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (sent < 0) {
      lost(std::strerror(errno));
      return false;
    }
    loop_.shard().counters().bytes_sent.add(static_cast<std::uint64_t>(sent));
    unsent_.consume(static_cast<std::size_t>(sent));
  }
  auto* out = batch();
  if (out != nullptr && !way_in_->open()) out->clear();  // nobody can be told anything before the handshake
  while (out != nullptr && !out->empty() && unsent_.empty()) {
    std::array<iovec, kPiecesPerWrite> pieces;
    const std::size_t count = out->describe(pieces.data(), pieces.size());
    filter::Sink& plain = loop_.plain();
    filter::Sink& wire = loop_.wire();
    plain.clear();
    wire.clear();
    for (std::size_t i = 0; i < count && plain.size() < kWirePerWrite; ++i) {
      const auto* bytes = static_cast<const std::uint8_t*>(pieces[i].iov_base);
      plain.insert(plain.end(), bytes, bytes + std::min(pieces[i].iov_len, kWirePerWrite - plain.size()));
    }
    const std::size_t taken = plain.size();
    if (!way_in_->send(plain, loop_.scratch(), wire)) {
      out->clear();
      lost(way_in_->why());
      return false;
    }
    out->consume(taken);
    if (!send_wire(wire)) return false;
  }
  return write_last_words();
}

/// What the filters still answer: some pieces, then others have their turn.
bool Connection::write_last_words() {
  if (way_in_->left() != 0 && !giving_) {
    giving_ = loop_.begin_giving();
    if (!giving_) {
      lost("too many read files already");
      return false;
    }
  }
  for (std::size_t i = 0; i < kLastWordsPerFlush && unsent_.empty() && way_in_->left() != 0; ++i) {
    filter::Sink& wire = loop_.wire();
    wire.clear();
    if (!way_in_->last_words(loop_.scratch(), wire)) {
      lost(way_in_->why());
      return false;
    }
    if (!send_wire(wire)) return false;
  }
  return true;
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
  const std::size_t held = waiting() + (kept_ ? kept_->capacity() : 0) + unsent_.capacity() + (way_in_ ? way_in_->memory() : 0);
  const auto now = static_cast<std::uint32_t>(std::min<std::size_t>(held, 0xFFFF'FFFF));
  if (now == counted_held_) return;
  auto& counter = loop_.shard().counters().connection_bytes;
  counter.add(now);
  counter.subtract(counted_held_);
  counted_held_ = now;
}

void Connection::close_after_flush() {
  if (phase_ != Phase::open) return;
  if (waiting() == 0 && !way_in_) return abort();
  phase_ = Phase::flushing;
  kept_.reset();
  watch(false, watching_writable_);
  if (!watching_writable_) static_cast<void>(out());  // so that this turn's flush comes by
}

/// The filters' own goodbye; a socket that does not take it at once goes without.  False if the connection has ended.
bool Connection::say_goodbye() {
  filter::Sink& wire = loop_.wire();
  wire.clear();
  way_in_->close(loop_.scratch(), wire);
  return wire.empty() || send_wire(wire);
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

/// The filters end the connection.  What they said is sent, and the peer may read it although it goes on sending.
void Connection::part(std::string_view why) {
  if (auto* gone = client()) loop_.shard().on_closed(*gone, why);
  if (phase_ == Phase::open) close_after_flush();
}

void Connection::lost(std::string_view why) {
  if (auto* gone = client()) loop_.shard().on_closed(*gone, why);
  abort();
}

void Connection::abort() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  if (std::exchange(giving_, false)) loop_.end_giving();
  ::close(std::exchange(descriptor_, -1));
  loop_.bury(*this);
}

/// Once the shard's call has returned: moved_away().
void Connection::move_to(routing::ShardId shard, std::shared_ptr<broker::Luggage> luggage) {
  move_target_ = static_cast<std::int16_t>(shard);
  loop_.luggage() = std::move(luggage);
}

/// The socket goes on at its client's home; this object is left to be destroyed.
void Connection::moved_away(mqtt::Bytes bytes) {
  watch(false, false);
  phase_ = Phase::closed;
  Arrival arrival{std::exchange(descriptor_, -1), &listener_, std::move(peer_), std::move(way_in_), {bytes.begin(), bytes.end()},
                  {unsent_.bytes().begin(), unsent_.bytes().end()}, std::exchange(loop_.luggage(), nullptr)};
  loop_.loop_of(static_cast<routing::ShardId>(move_target_)).adopt(std::move(arrival));
  loop_.bury(*this);
}

std::shared_ptr<const auth::Peer> Connection::peer() const {
  if (way_in_) return way_in_->peer();
  if (peer_) return peer_;
  return std::make_shared<auth::Peer>(peer_of(descriptor_));
}

std::string Connection::peer_address() const {
  if (way_in_) return way_in_->peer()->address;
  return peer_ ? peer_->address : address_of(descriptor_);
}

}  // namespace tombo::net
