#include "bench/engine/link.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace tombo::bench::engine {
namespace {

constexpr std::size_t kWireChunk = 16 * 1024;

}  // namespace

std::optional<RunError> Link::open(const Endpoint& to, const Endpoint* from, const TlsContext* tls) {
  close();
  auto socket = start_connecting(to, from);
  if (!socket) return socket.error();
  fd_ = *socket;
  connected_ = false;
  secured_ = tls == nullptr;
  if (tls != nullptr) tls_ = std::make_unique<TlsFilter>(*tls);
  return std::nullopt;
}

void Link::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  blocked_ = false;
  tls_.reset();
  out_.clear();
  plain_.clear();
}

void Link::fail(ExitCode code, std::string text) {
  error_ = RunError{code, std::move(text)};
}

Link::Progress Link::advance() {
  if (!connected_) {
    if (const int error = connect_error(fd_); error != 0) {
      fail(ExitCode::unreachable, fmt::format("cannot connect: {}", std::strerror(error)));
      return Progress::failed;
    }
    connected_ = true;
  }
  return secured_ ? Progress::open : secure();
}

Link::Progress Link::secure() {
  std::array<std::uint8_t, kWireChunk> wire;
  bool ended = false;
  for (;;) {
    const ssize_t got = ::recv(fd_, wire.data(), wire.size(), 0);
    if (got > 0) {
      tls_->feed({wire.data(), static_cast<std::size_t>(got)});
      continue;
    }
    ended = got == 0 || (errno != EAGAIN && errno != EINTR);
    break;
  }
  const TlsFilter::Status status = tls_->handshake();
  tls_->drain(out_);
  if (!write_out()) ended = true;
  if (status == TlsFilter::Status::done) {
    secured_ = true;
    return Progress::open;
  }
  if (status == TlsFilter::Status::failed || status == TlsFilter::Status::closed) {
    fail(ExitCode::tls, fmt::format("TLS handshake failed: {}", tls_->error()));
    return Progress::failed;
  }
  if (ended) {
    fail(ExitCode::tls, "TLS handshake failed: the broker closed the connection");
    return Progress::failed;
  }
  return Progress::under_way;
}

Link::Read Link::read(std::span<std::uint8_t> room) {
  if (tls_ == nullptr) {
    const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
    if (got > 0) return {ReadStatus::bytes, static_cast<std::size_t>(got), false};
    if (got == 0) return {ReadStatus::closed, 0, false};
    return {errno == EAGAIN || errno == EINTR ? ReadStatus::again : ReadStatus::failed, 0, false};
  }
  std::size_t size = 0;
  TlsFilter::Status status = tls_->read(room, size);
  if (status == TlsFilter::Status::again) {
    std::array<std::uint8_t, kWireChunk> wire;
    const ssize_t got = ::recv(fd_, wire.data(), wire.size(), 0);
    if (got == 0) return {ReadStatus::closed, 0, false};
    if (got < 0) return {errno == EAGAIN || errno == EINTR ? ReadStatus::again : ReadStatus::failed, 0, false};
    tls_->feed({wire.data(), static_cast<std::size_t>(got)});
    status = tls_->read(room, size);
    if (status == TlsFilter::Status::again) return {ReadStatus::again, 0, true};
  }
  switch (status) {
    case TlsFilter::Status::done:
      return {ReadStatus::bytes, size, true};
    case TlsFilter::Status::closed:
      return {ReadStatus::closed, 0, false};
    default:
      // With TLS 1.3 a refused client certificate shows only here.
      fail(ExitCode::tls, fmt::format("TLS failed: {}", tls_->error()));
      return {ReadStatus::failed, 0, false};
  }
}

void Link::queue(mqtt::Bytes bytes) {
  auto& to = tls_ != nullptr ? plain_ : out_;
  to.insert(to.end(), bytes.begin(), bytes.end());
}

bool Link::send(mqtt::Bytes bytes) {
  if (tls_ == nullptr && out_.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
    active_ = true;
    blocked_ = !bytes.empty();
    if (bytes.empty()) return true;
  }
  queue(bytes);
  return blocked_ || flush();
}

bool Link::fill_tls() {
  if (tls_ == nullptr) return true;
  const bool written = tls_->write(plain_);
  plain_.clear();
  tls_->drain(out_);
  return written;
}

bool Link::flush() {
  return fill_tls() && write_out();
}

bool Link::write_out() {
  std::size_t done = 0;
  while (done < out_.size()) {
    const ssize_t sent = ::send(fd_, out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) return false;
      break;
    }
    done += static_cast<std::size_t>(sent);
    active_ = true;
  }
  out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(done));
  blocked_ = !out_.empty();
  return true;
}

}  // namespace tombo::bench::engine
