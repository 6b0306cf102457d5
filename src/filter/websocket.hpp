#pragma once

#include "auth/peer.hpp"
#include "base/result.hpp"
#include "config/listener_options.hpp"
#include "filter/byte_filter.hpp"

#include <memory>
#include <string>

namespace tombo::filter {

/// What WebSocket handshakes of one listener must look like, and what is given to those who want none: its options, with its
/// networks and the files of http_directory read.  Opaque; shared by the listener's connections.
/// Lives on: any thread; immutable once made.
class WebSocketRules;

/// Made when the options are read.  The error says which network or file cannot be read, or that tombo was built without WebSocket.
Result<std::shared_ptr<const WebSocketRules>, std::string> websocket_rules(const config::Listener& listener);

/// Turns MQTT over WebSocket into MQTT: first the HTTP handshake, then frames.  Payload is handed on as it comes, however
/// long a frame or message says it is; what is kept between calls is a part of a handshake, bounded by
/// websocket_header_bytes_max, or of a frame's head or a control frame, below 5 KB.  Compression is not offered.
/// `so_far`: what is known of the peer, whose address decides whether X-Forwarded-For is believed; not null.
std::unique_ptr<ByteFilter> make_websocket(std::shared_ptr<const WebSocketRules> rules,
                                           std::shared_ptr<const auth::Peer> so_far);

/// The same with rules of its own.  Null where websocket_rules() fails.
std::unique_ptr<ByteFilter> make_websocket(const config::Listener& listener, std::shared_ptr<const auth::Peer> so_far);

}  // namespace tombo::filter
