#include "net/entrance.hpp"

#include "filter/proxy_header.hpp"
#include "filter/websocket.hpp"

#include <utility>

namespace tombo::net {

namespace {
using Problems = std::vector<std::string>;

/// What was read, or nothing and one more problem.
template <class T>
T take(Result<T, std::string> read, Problems& problems) {
  if (read) return std::move(*read);
  problems.push_back(read.error());
  return {};
}

void add_tls(Entrance& made, const config::Listener& options, const Entrance* previous,
             std::shared_ptr<const filter::KeyLog> key_log, Problems& problems) {
  auto loaded = filter::TlsServer::load(options, previous != nullptr ? previous->tls_server.get() : nullptr, std::move(key_log));
  if (!loaded) {
    problems.insert(problems.end(), loaded.error().begin(), loaded.error().end());
    return;
  }
  made.tls_server = *loaded;
  made.tls = [server = *loaded] { return server->make_filter(); };
}

void add_websocket(Entrance& made, const config::Listener& options, Problems& problems) {
  auto rules = take(filter::websocket_rules(options), problems);
  made.websocket = [rules](std::shared_ptr<const auth::Peer> peer) { return filter::make_websocket(rules, std::move(peer)); };
}
}  // namespace

Result<std::shared_ptr<const Entrance>, std::vector<std::string>> Entrance::make(const config::Listener& options,
                                                                                 const Entrance* previous,
                                                                                 std::shared_ptr<const filter::KeyLog> key_log) {
  auto made = std::make_shared<Entrance>();
  Problems problems;
  made->protocol = options.protocol;
  made->psk_hint = options.psk_hint;
  made->connections_per_s = options.connections_per_s;
  made->tls_handshakes_per_s = options.has_tls() ? options.tls_handshakes_per_s : 0;
  made->user_from_socket = options.is_unix() && options.user_name_from == config::UserNameFrom::unix_user;
  made->door = take(NetworkDoor::parse(options.allow_networks, options.deny_networks), problems);
  made->door_is_open = options.allow_networks.empty() && options.deny_networks.empty();
  made->proxies = take(NetworkSet::parse(options.proxy_networks), problems);
  if (options.proxy_protocol == config::ProxyProtocol::required) {
    made->proxy_header = [options] { return filter::make_proxy_header(options); };
  }
  if (options.has_tls()) add_tls(*made, options, previous, std::move(key_log), problems);
  if (options.protocol != config::Protocol::mqtt) add_websocket(*made, options, problems);
  if (!problems.empty()) return Failure{std::move(problems)};
  return std::shared_ptr<const Entrance>{std::move(made)};
}

std::vector<std::string> Entrance::files(const config::Listener& options) {
  return options.has_tls() ? filter::TlsServer::files(options) : std::vector<std::string>{};
}

bool Entrance::admits_socket(const auth::Peer& peer) const {
  if (!proxy_header) return admits(peer);
  if (peer.unix_peer) return true;  // whoever may open the socket
  const auto address = Address::parse_peer(peer.address);
  return address && proxies.contains(*address);
}

bool Entrance::admits(const auth::Peer& peer) const {
  if (door_is_open || peer.address.starts_with("unix")) return true;
  const auto address = Address::parse_peer(peer.address);
  return address && door.admits(*address);
}

}  // namespace tombo::net
