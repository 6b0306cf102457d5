#pragma once

#include "filter/websocket/request.hpp"
#include "filter/websocket/rules.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace tombo::filter {

/// What is answered to a handshake.
struct HandshakeAnswer {
  bool welcome = false;
  std::string bytes;  // the whole HTTP answer, or its head where there is a file
  std::shared_ptr<const HttpFile> file;  // that follows
  std::string why;    // for the log, if not welcome
};

/// Judges a request.  One that wants no upgrade is given a file where the rules have some.  [MQTT-6.0.0-3, MQTT-6.0.0-4]
HandshakeAnswer judge_handshake(const WebSocketRequest& request, const WebSocketRules& rules);
/// For requests that are no HTTP: 400, and for those that are too long: 431.
HandshakeAnswer refuse_broken(std::string_view what);
HandshakeAnswer refuse_long(std::size_t bytes_max);

/// The client's address as X-Forwarded-For tells it: the last one, read from the right, that is no trusted proxy's.  Empty
/// if the peer itself is no trusted proxy or nothing is told.  With a port, 0 where none is told, as Peer::address has one.
std::string forwarded_address(std::string_view peer, std::string_view forwarded_for, const NetworkSet& trusted);

}  // namespace tombo::filter
