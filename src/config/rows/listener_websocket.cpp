#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  choice<&ListenerWebSocket::protocol>("protocol", kNew, "mqtt, websocket (MQTT in WebSocket frames), or any: whichever a client begins with."),
  text<&ListenerWebSocket::websocket_path>("websocket_path", 1024, kNew, "Path that a WebSocket handshake must ask for, such as \"/mqtt\"; empty means any."),
  list<&ListenerWebSocket::websocket_origins>("websocket_origins", {0, 256}, kNew, "Web pages that may connect, as browsers name them in Origin, such as \"https://example.com\"; none means all; what sends no Origin is no web page and may connect."),
  list<&ListenerWebSocket::websocket_trusted_proxies>("websocket_trusted_proxies", {0, 256}, kNew, "Networks of reverse proxies whose X-Forwarded-For tells a client's address."),
  text<&ListenerWebSocket::http_directory>("http_directory", 4096, kNew, "Directory whose files are given to browsers that ask for them; empty means none."),
  size<&ListenerWebSocket::websocket_header_bytes_max>("websocket_header_bytes_max", {256, 64 * kKiB}, kNew, "Longest WebSocket handshake."),
});
// clang-format on

}  // namespace

std::span<const Row> listener_websocket_rows() {
  return kRows;
}

}  // namespace tombo::config
