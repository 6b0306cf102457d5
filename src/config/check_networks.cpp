#include "config/check_networks.hpp"

#include "base/network.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tombo::config {

void check_networks(Draft& draft) {
  for (std::size_t i = 0; i < draft.options.listeners.size(); ++i) {
    const Listener& listener = draft.options.listeners[i];
    using Option = std::pair<std::string_view, const std::vector<std::string>*>;
    const std::array<Option, 4> options{{{"proxy_networks", &listener.proxy_networks},
                                         {"allow_networks", &listener.allow_networks},
                                         {"deny_networks", &listener.deny_networks},
                                         {"websocket_trusted_proxies", &listener.websocket_trusted_proxies}}};
    for (const auto& [key, texts] : options) {
      for (const std::string& text : *texts) {
        const auto network = Network::parse(text);
        if (network) continue;
        draft.error(draft.place_of(Section::listener, key, i), fmt::format("'{}' in [[listener]]: {}", key, network.error()));
      }
    }
    // A Unix socket is guarded by its mode, not by networks.
    if (listener.proxy_protocol == ProxyProtocol::required && listener.proxy_networks.empty() && !listener.is_unix()) {
      draft.error(draft.place_of(Section::listener, "proxy_protocol", i),
                  "'proxy_protocol' in [[listener]] needs proxy_networks: who sends a PROXY header is believed, so it must be "
                  "said who may");
    }
  }
}

}  // namespace tombo::config
