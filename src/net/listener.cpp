#include "net/listener.hpp"

#include "net/shard_loop.hpp"

#include <asio/ip/v6_only.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
/// Connections taken per event, so that a storm of them does not fill a turn.
constexpr int kAcceptedPerEvent = 64;
/// How long to wait when the process has no descriptor left.
constexpr std::chrono::milliseconds kPause{200};

using DeferAccept = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_DEFER_ACCEPT>;
constexpr int kDeferAccept_s = 1;

bool out_of_resources(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }
}  // namespace

struct Listener::Socket {
  Acceptor acceptor;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                             asio::io_context::executor_type>
      timer;
  bool told = false;  // that descriptors ran out

  explicit Socket(asio::io_context& io) : acceptor(io), timer(io) {}
};

Listener::Listener(ShardLoop& loop, const config::Listener& options, std::size_t index, log::Logger logger)
    : loop_(loop), options_(options), logger_(logger) {
  state_.index = index;
}

Listener::~Listener() = default;

Result<void, std::string> Listener::bind(const asio::ip::tcp::endpoint& endpoint, bool v6_only) {
  auto socket = std::make_unique<Socket>(loop_.io());
  std::error_code error;
  socket->acceptor.open(endpoint.protocol(), error);
  if (!error) socket->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  // What is accepted inherits it, which saves a call for each connection.
  if (!error && options_.tcp_nodelay) socket->acceptor.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error && v6_only) socket->acceptor.set_option(asio::ip::v6_only(true), error);
  // A connection shows itself when its first bytes are there (or after a second without any), so that accepting it and
  // reading CONNECT is one wake-up, not two.
  if (!error) socket->acceptor.set_option(DeferAccept(kDeferAccept_s), error);
  if (!error) socket->acceptor.bind(endpoint, error);
  if (!error) socket->acceptor.listen(static_cast<int>(options_.backlog), error);
  if (!error) socket->acceptor.non_blocking(true, error);
  if (error) {
    const auto address = endpoint.address();
    const auto shown = address.is_v6() ? fmt::format("[{}]", address.to_string()) : address.to_string();
    return Failure{fmt::format("cannot listen on {}:{}: {}", shown, endpoint.port(), error.message())};
  }
  sockets_.push_back(std::move(socket));
  return {};
}

Result<void, std::string> Listener::listen() {
  if (options_.address.empty() || options_.address == "*") {
    if (const auto good = bind({asio::ip::tcp::v4(), options_.port}, false); !good) return good;
    // A machine without IPv6 is served on v4 alone.
    if (const auto good = bind({asio::ip::tcp::v6(), options_.port}, true); !good) {
      logger_.info("{}; IPv4 only", good.error());
    }
    return {};
  }
  std::error_code error;
  asio::ip::tcp::resolver resolver(loop_.io());
  const auto found = resolver.resolve(options_.address, std::to_string(options_.port), asio::ip::tcp::resolver::passive, error);
  if (error) return Failure{fmt::format("cannot listen on {}:{}: {}", options_.address, options_.port, error.message())};
  for (const auto& entry : found) {
    if (const auto good = bind(entry.endpoint(), entry.endpoint().address().is_v6()); !good) return good;
  }
  return {};
}

void Listener::start() {
  for (auto& socket : sockets_) {
    const auto at = socket->acceptor.local_endpoint();
    logger_.info("listening on {} port {}", at.address().to_string(), at.port());
    arm(*socket);
  }
}

void Listener::close() {
  std::error_code ignored;
  for (auto& socket : sockets_) {
    socket->acceptor.close(ignored);
    socket->timer.cancel();
  }
}

void Listener::arm(Socket& socket) {
  socket.acceptor.async_wait(asio::socket_base::wait_read, [this, &socket](const std::error_code& error) {
    if (error || !socket.acceptor.is_open()) return;
    loop_.enter();
    accept_some(socket);
  });
}

void Listener::accept_some(Socket& socket) {
  for (int i = 0; i < kAcceptedPerEvent; ++i) {
    const int fd = ::accept4(socket.acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (out_of_resources(errno)) {
        if (!std::exchange(socket.told, true)) logger_.error("cannot accept connections: {}", std::strerror(errno));
        return pause(socket);
      }
      continue;  // the peer has gone again
    }
    socket.told = false;
    loop_.accepted(fd, state_);
  }
  arm(socket);
}

void Listener::pause(Socket& socket) {
  socket.timer.expires_after(kPause);
  socket.timer.async_wait([this, &socket](const std::error_code& error) {
    if (!error) arm(socket);
  });
}

}  // namespace tombo::net
