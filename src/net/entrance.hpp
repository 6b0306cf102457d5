#pragma once

#include "auth/peer.hpp"
#include "config/options.hpp"
#include "filter/byte_filter.hpp"

#include <functional>
#include <memory>

namespace tombo::net {

/// What the bytes of a listener's connections go through, from the socket to MQTT.  Immutable: a reload makes another
/// one for the connections that come from then on.
/// Lives on: any thread.
struct Entrance {
  using Maker = std::function<std::unique_ptr<filter::ByteFilter>()>;
  using WebSocketMaker = std::function<std::unique_ptr<filter::ByteFilter>(std::shared_ptr<const auth::Peer>)>;

  Maker proxy_header;         // none: connections begin without
  Maker tls;                  // none: no TLS
  WebSocketMaker websocket;   // none: protocol is mqtt
  config::Protocol protocol = config::Protocol::mqtt;

  /// Bytes go straight from the socket to MQTT.
  bool plain() const { return !proxy_header && !tls && !websocket; }
};

}  // namespace tombo::net
