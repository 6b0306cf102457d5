#include "net/listener.hpp"

#include <asio/ip/v6_only.hpp>

#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
/// A connection shows itself when its first bytes are there, or after this many seconds without any, so that accepting
/// it and reading CONNECT is one wake-up, not two.
constexpr int kDeferAccept_s = 1;
using DeferAccept = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_DEFER_ACCEPT>;
}  // namespace

Listener::Listener(const config::Listener& options, std::size_t index, log::Logger logger)
    : options_(options), logger_(logger) {
  state_.index = index;
}

Result<void, std::string> Listener::bind(const asio::ip::tcp::endpoint& endpoint, bool v6_only) {
  asio::ip::tcp::acceptor socket(io_);
  std::error_code error;
  socket.open(endpoint.protocol(), error);
  if (!error) socket.set_option(asio::socket_base::reuse_address(true), error);
  // What is accepted inherits it, which saves a call for each connection.
  if (!error && options_.tcp_nodelay) socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (!error && v6_only) socket.set_option(asio::ip::v6_only(true), error);
  if (!error) socket.set_option(DeferAccept(kDeferAccept_s), error);
  if (!error) socket.bind(endpoint, error);
  if (!error) socket.listen(static_cast<int>(options_.backlog), error);
  if (!error) socket.non_blocking(true, error);
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
  asio::ip::tcp::resolver resolver(io_);
  const auto found = resolver.resolve(options_.address, std::to_string(options_.port), asio::ip::tcp::resolver::passive, error);
  if (error) return Failure{fmt::format("cannot listen on {}:{}: {}", options_.address, options_.port, error.message())};
  for (const auto& entry : found) {
    if (const auto good = bind(entry.endpoint(), entry.endpoint().address().is_v6()); !good) return good;
  }
  return {};
}

void Listener::announce() {
  for (const auto& socket : sockets_) {
    const auto at = socket.local_endpoint();
    logger_.info("listening on {} port {}", at.address().to_string(), at.port());
  }
}

void Listener::close() {
  // The descriptors stay valid for the loops until this object goes.
  for (auto& socket : sockets_) ::shutdown(socket.native_handle(), SHUT_RDWR);
}

std::vector<int> Listener::descriptors() {
  std::vector<int> all;
  for (auto& socket : sockets_) all.push_back(socket.native_handle());
  return all;
}

}  // namespace tombo::net
