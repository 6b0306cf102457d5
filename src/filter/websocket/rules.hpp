#pragma once

#include "base/network.hpp"
#include "config/listener_options.hpp"
#include "filter/websocket.hpp"
#include "filter/websocket/http_files.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tombo::filter {

class WebSocketRules {
 public:
  WebSocketRules(const config::ListenerWebSocket& options, NetworkSet trusted, std::shared_ptr<const HttpFiles> to_give)
      : path(options.websocket_path),
        origins(options.websocket_origins),
        header_bytes_max(options.websocket_header_bytes_max),
        trusted_proxies(std::move(trusted)),
        files(std::move(to_give)) {}

  const std::string path;                  // empty: any
  const std::vector<std::string> origins;  // none: any
  const std::uint32_t header_bytes_max;
  const NetworkSet trusted_proxies;
  const std::shared_ptr<const HttpFiles> files;  // for plain requests; null: there are none
};

}  // namespace tombo::filter
