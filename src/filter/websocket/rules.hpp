#pragma once

#include "base/network.hpp"
#include "config/listener_options.hpp"
#include "filter/websocket.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tombo::filter {

class WebSocketRules {
 public:
  WebSocketRules(const config::ListenerWebSocket& options, NetworkSet trusted)
      : path(options.websocket_path),
        origins(options.websocket_origins),
        header_bytes_max(options.websocket_header_bytes_max),
        trusted_proxies(std::move(trusted)) {}

  const std::string path;                  // empty: any
  const std::vector<std::string> origins;  // none: any
  const std::uint32_t header_bytes_max;
  const NetworkSet trusted_proxies;
};

}  // namespace tombo::filter
