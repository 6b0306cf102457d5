#include "filter/websocket.hpp"

namespace tombo::filter {

class WebSocketRules {};

Result<std::shared_ptr<const WebSocketRules>, std::string> websocket_rules(const config::Listener&) {
  return Failure{std::string("WebSocket is not compiled in (TOMBO_WEBSOCKET)")};
}

std::unique_ptr<ByteFilter> make_websocket(std::shared_ptr<const WebSocketRules>, std::shared_ptr<const auth::Peer>) {
  return nullptr;
}

std::unique_ptr<ByteFilter> make_websocket(const config::Listener&, std::shared_ptr<const auth::Peer>) {
  return nullptr;
}

}  // namespace tombo::filter
