#pragma once

#include "auth/peer.hpp"
#include "base/network.hpp"
#include "base/result.hpp"
#include "config/options.hpp"
#include "filter/byte_filter.hpp"
#include "filter/tls.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::net {

// Why a socket is turned away.
inline constexpr std::string_view kNotItsNetwork = "its network may not connect";
inline constexpr std::string_view kNotAProxy = "it is none of proxy_networks";
inline constexpr std::string_view kMustWait = "its address connects too fast or waits out a penalty";

/// Who may reach a listener, and what the bytes of its connections go through, from the socket to MQTT.  Immutable: a
/// reload makes another one for the connections that come from then on.
/// Lives on: any thread.
struct Entrance {
  using Maker = std::function<std::unique_ptr<filter::ByteFilter>()>;
  using WebSocketMaker = std::function<std::unique_ptr<filter::ByteFilter>(std::shared_ptr<const auth::Peer>)>;

  Maker proxy_header;         // none: connections begin without
  Maker tls;                  // none: no TLS
  WebSocketMaker websocket;   // none: protocol is mqtt
  config::Protocol protocol = config::Protocol::mqtt;
  NetworkSet proxies;         // who may send a PROXY header
  NetworkDoor door;           // for the client's address, which a PROXY header may tell
  bool door_is_open = true;   // to all: nobody needs to be looked at
  bool user_from_socket = false;               // the Unix user is the user name
  std::uint32_t connections_per_s = 0;
  std::uint32_t tls_handshakes_per_s = 0;
  std::string psk_hint;                        // for whoever gives keys
  std::shared_ptr<const filter::TlsServer> tls_server;

  /// Reads what the options name; or all that is wrong with it.  `previous` lends its TLS sessions, `key_log`
  /// gets the secrets of TLS connections.
  static Result<std::shared_ptr<const Entrance>, std::vector<std::string>> make(const config::Listener& options,
                                                                                const Entrance* previous,
                                                                                std::shared_ptr<const filter::KeyLog> key_log = nullptr);
  /// The files that make() reads.
  static std::vector<std::string> files(const config::Listener& options);

  /// Bytes go straight from the socket to MQTT.
  bool plain() const { return !proxy_header && !tls && !websocket && !user_from_socket; }
  /// Whether a socket of this peer may be served; behind a proxy, whether the proxy may.
  bool admits_socket(const auth::Peer& peer) const;
  /// Whether the client may come in, once its address is known.
  bool admits(const auth::Peer& peer) const;
};

}  // namespace tombo::net
