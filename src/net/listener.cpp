#include "net/listener.hpp"

#include "net/listening_socket.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include <grp.h>
#include <pwd.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::net {

namespace {
SocketAddress address_of(const asio::ip::tcp::endpoint& endpoint) {
  SocketAddress address;
  std::memcpy(&address.storage, endpoint.data(), endpoint.size());
  address.size = static_cast<socklen_t>(endpoint.size());
  return address;
}

/// The socket for an address: one that systemd made, or a new one.
Result<int, std::string> socket_for(const SocketAddress& address, const config::Listener& options, std::span<int> inherited) {
  const auto handed = std::find_if(inherited.begin(), inherited.end(),
                                   [&](int descriptor) { return descriptor >= 0 && is_bound_to(descriptor, address); });
  if (handed == inherited.end()) return listen_on(address, options);
  prepare_inherited(*handed, options);
  return std::exchange(*handed, -1);
}

Result<std::optional<std::uint32_t>, std::string> user_number(const std::string& name) {
  if (name.empty()) return std::optional<std::uint32_t>{};
  const passwd* found = ::getpwnam(name.c_str());
  if (found == nullptr) return Failure{fmt::format("there is no user {} (unix_user)", name)};
  return std::optional<std::uint32_t>{found->pw_uid};
}

Result<std::optional<std::uint32_t>, std::string> group_number(const std::string& name) {
  if (name.empty()) return std::optional<std::uint32_t>{};
  const group* found = ::getgrnam(name.c_str());
  if (found == nullptr) return Failure{fmt::format("there is no group {} (unix_group)", name)};
  return std::optional<std::uint32_t>{found->gr_gid};
}
}  // namespace

Listener::Listener(const config::Listener& options, std::size_t index, log::Logger logger,
                   std::shared_ptr<const filter::KeyLog> key_log)
    : options_(options), logger_(logger), key_log_(std::move(key_log)) {
  state_.index = index;
}

Listener::~Listener() {
  for (const int descriptor : descriptors_) {
    if (descriptor != socket_file_.descriptor()) ::close(descriptor);
  }
}

Result<void, std::string> Listener::listen(std::span<int> inherited) {
  if (options_.is_unix()) return listen_unix(inherited);
  const auto take = [&](const asio::ip::tcp::endpoint& endpoint) -> Result<void, std::string> {
    auto made = socket_for(address_of(endpoint), options_, inherited);
    if (!made) return Failure{made.error()};
    descriptors_.push_back(*made);
    return {};
  };
  if (options_.address.empty() || options_.address == "*") {
    if (const auto good = take({asio::ip::tcp::v4(), options_.port}); !good) return good;
    // A machine without IPv6 is served on v4 alone.
    if (const auto good = take({asio::ip::tcp::v6(), options_.port}); !good) logger_.info("{}; IPv4 only", good.error());
    return {};
  }
  asio::io_context io;
  std::error_code error;
  asio::ip::tcp::resolver resolver(io);
  const auto found = resolver.resolve(options_.address, std::to_string(options_.port), asio::ip::tcp::resolver::passive, error);
  if (error) return Failure{fmt::format("cannot listen on {}:{}: {}", options_.address, options_.port, error.message())};
  for (const auto& entry : found) {
    if (const auto good = take(entry.endpoint()); !good) return good;
  }
  return {};
}

Result<void, std::string> Listener::listen_unix(std::span<int> inherited) {
  SocketFile::Wish wish{options_.address.substr(std::string_view{"unix:"}.size()), "listening socket", 0660,
                        static_cast<int>(options_.backlog)};
  SocketAddress address;
  auto& unix_address = reinterpret_cast<sockaddr_un&>(address.storage);
  unix_address.sun_family = AF_UNIX;
  wish.path.copy(unix_address.sun_path, sizeof unix_address.sun_path - 1);
  for (int& descriptor : inherited) {
    if (descriptor < 0 || !is_bound_to(descriptor, address)) continue;
    prepare_inherited(descriptor, options_);
    descriptors_.push_back(std::exchange(descriptor, -1));
    return {};
  }
  std::from_chars(options_.unix_mode.data(), options_.unix_mode.data() + options_.unix_mode.size(), wish.mode, 8);
  auto user = user_number(options_.unix_user);
  if (!user) return Failure{user.error()};
  auto group = group_number(options_.unix_group);
  if (!group) return Failure{group.error()};
  wish.user = *user;
  wish.group = *group;
  auto made = SocketFile::create(wish);
  if (!made) return Failure{made.error()};
  socket_file_ = std::move(*made);
  descriptors_.push_back(socket_file_.descriptor());
  return {};
}

Result<void, std::vector<std::string>> Listener::prepare(const config::Listener& options) {
  const auto previous = state_.entrance.load();
  auto made = Entrance::make(options, previous.get(), key_log_);
  if (!made) return Failure{made.error()};
  if ((*made)->tls_server) {
    for (const auto& warning : (*made)->tls_server->warnings()) logger_.warning("{}", warning);
  }
  state_.entrance.exchange(*made);
  return {};
}

void Listener::announce(config::LogWording wording) const {
  if (wording == config::LogWording::mosquitto) return announce_as_mosquitto();
  const std::string_view how = options_.has_tls() ? " with TLS" : "";
  for (const int descriptor : descriptors_) {
    if (options_.is_unix()) {
      logger_.info("listening{} on {}", how, options_.address);
      continue;
    }
    const std::string at = text_of(bound_address(descriptor));
    const std::size_t colon = at.rfind(':');
    logger_.info("listening{} on {} port {}", how, at.substr(0, colon), at.substr(colon + 1));
  }
}

void Listener::close() {
  // The descriptors stay valid for the loops until this object goes.
  for (const int descriptor : descriptors_) ::shutdown(descriptor, SHUT_RDWR);
}

void Listener::announce_as_mosquitto() const {
  for (const int descriptor : descriptors_) {
    if (options_.is_unix()) {
      logger_.info("Opening unix listen socket on path {}.", options_.address);
      continue;
    }
    const std::string at = text_of(bound_address(descriptor));
    logger_.info("Opening {} listen socket on port {}.", at.starts_with('[') ? "ipv6" : "ipv4", at.substr(at.rfind(':') + 1));
  }
}

}  // namespace tombo::net
