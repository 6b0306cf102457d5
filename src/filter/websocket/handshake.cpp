#include "filter/websocket/handshake.hpp"

#include "base/base64.hpp"
#include "filter/websocket/accept_key.hpp"
#include "filter/websocket/tokens.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace tombo::filter {

namespace {
constexpr std::size_t kKeyBytes = 16;
constexpr std::string_view kVersion = "13";
/// In the order in which they are chosen; the second is what clients of MQTT 3.1 call it.
constexpr std::array<std::string_view, 2> kSubprotocols{"mqtt", "mqttv3.1"};

HandshakeAnswer refuse(std::string_view status, std::string why, std::string_view headers = "") {
  const std::string body = fmt::format("{}\n", why);
  return {false,
          fmt::format("HTTP/1.1 {}\r\n{}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: "
                      "close\r\n\r\n{}",
                      status, headers, body.size(), body),
          nullptr,
          fmt::format("WebSocket: {}", why)};
}
HandshakeAnswer want_upgrade() {
  return refuse("426 Upgrade Required", "this is an MQTT broker: connect with MQTT over WebSocket, subprotocol mqtt",
                "Upgrade: websocket\r\n");
}
HandshakeAnswer bad(std::string why) {
  return refuse("400 Bad Request", std::move(why));
}

/// The path of the request's target, whichever form that has; nothing if it cannot be read.
std::string_view path_of(const std::string& target) {
  // Positions in the parser's answer have 16 bits.
  if (target.size() > std::numeric_limits<std::uint16_t>::max()) return {};
  http_parser_url url;
  http_parser_url_init(&url);
  if (http_parser_parse_url(target.data(), target.size(), 0, &url) != 0) return {};
  if ((url.field_set & 1U << UF_PATH) == 0) return "/";
  return std::string_view(target).substr(url.field_data[UF_PATH].off, url.field_data[UF_PATH].len);
}

bool is_allowed_origin(const WebSocketRequest& request, const WebSocketRules& rules) {
  // Only browsers send it, and only they can be trusted to say the truth: who sends none is no web page.
  if (rules.origins.empty() || request.origins == 0) return true;
  return std::any_of(rules.origins.begin(), rules.origins.end(),
                     [&](const std::string& origin) { return equal_ignoring_case(origin, request.origin); });
}

/// Names of protocols are compared as they are written, unlike everything else.
std::string_view choose_subprotocol(std::string_view offered) {
  std::size_t best = kSubprotocols.size();
  Tokens tokens(offered);
  while (const auto token = tokens.next()) {
    const auto* found = std::find(kSubprotocols.begin(), kSubprotocols.end(), *token);
    best = std::min(best, static_cast<std::size_t>(found - kSubprotocols.begin()));
  }
  return best < kSubprotocols.size() ? kSubprotocols[best] : std::string_view{};
}

bool is_key(const std::string& key) {
  const auto bytes = from_base64(key);
  return bytes && bytes->size() == kKeyBytes;
}

HandshakeAnswer accept(const WebSocketRequest& request, std::string_view subprotocol) {
  return {true,
          fmt::format("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {}\r\n\r\n",
                      accept_key(request.key), subprotocol),
          nullptr,
          {}};
}

/// A request that wants no upgrade.
HandshakeAnswer give_file(const WebSocketRequest& request, const WebSocketRules& rules) {
  if (!request.is_get && !request.is_head) return refuse("405 Method Not Allowed", "files are given to GET and HEAD", "Allow: GET, HEAD\r\n");
  const std::string_view path = path_of(request.target);
  auto file = rules.files->find(path);
  if (!file && !rules.path.empty() && path == rules.path) return want_upgrade();
  if (!file) return refuse("404 Not Found", "there is nothing at this path");
  HandshakeAnswer answer;
  answer.bytes = fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nX-Content-Type-Options: nosniff\r\n"
                             "Cache-Control: no-cache\r\nConnection: close\r\n\r\n", file->type, file->bytes.size());
  answer.why = fmt::format("HTTP: {} was given", file->name);
  answer.file = std::move(file);
  return answer;
}

/// Without what an answer to HEAD leaves out.
HandshakeAnswer without_body(HandshakeAnswer answer) {
  answer.file = nullptr;
  answer.bytes.resize(answer.bytes.find("\r\n\r\n") + 4);
  return answer;
}
}  // namespace

HandshakeAnswer judge_handshake(const WebSocketRequest& request, const WebSocketRules& rules) {
  if (!request.is_http_1_1) return bad("HTTP/1.1 is wanted");
  if (rules.files && request.upgrade.empty() && request.hosts == 1) {
    auto answer = give_file(request, rules);
    return request.is_head ? without_body(std::move(answer)) : answer;
  }
  if (!request.is_get) return bad("a WebSocket handshake is a GET");
  if (request.hosts != 1) return bad("one Host header is wanted");
  if (!rules.path.empty() && path_of(request.target) != rules.path)
    return refuse("404 Not Found", "there is nothing at this path");
  if (request.upgrade.empty()) return want_upgrade();
  if (!lists(request.upgrade, "websocket")) return bad("Upgrade does not name websocket");
  if (!lists(request.connection, "upgrade")) return bad("Connection does not name Upgrade");
  if (request.versions != 1 || request.version != kVersion) {
    return refuse("426 Upgrade Required", "version 13 of WebSocket is wanted",
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  }
  if (request.keys != 1 || !is_key(request.key)) return bad("Sec-WebSocket-Key must be 16 bytes in base64");
  if (request.origins > 1) return bad("more than one Origin");
  if (!is_allowed_origin(request, rules)) return refuse("403 Forbidden", "pages of this origin may not connect");
  const std::string_view subprotocol = choose_subprotocol(request.protocols);
  if (subprotocol.empty()) return bad("Sec-WebSocket-Protocol must offer mqtt");
  return accept(request, subprotocol);
}

HandshakeAnswer refuse_broken(std::string_view what) {
  return bad(fmt::format("no HTTP request: {}", what));
}

HandshakeAnswer refuse_long(std::size_t bytes_max) {
  return refuse("431 Request Header Fields Too Large", fmt::format("the handshake is longer than {} bytes", bytes_max));
}

std::string forwarded_address(std::string_view peer, std::string_view forwarded_for, const NetworkSet& trusted) {
  auto hop = Address::parse_peer(peer);
  if (!hop || !trusted.contains(*hop)) return {};
  std::string found;
  Tokens tokens(forwarded_for);
  while (const auto token = tokens.last()) {
    std::uint16_t port = 0;
    hop = Address::parse_peer(*token, &port);
    // "unknown" or something made up: nobody who is trusted has said more than what was read until here.
    if (!hop) break;
    found = hop->with_port(port);
    if (!trusted.contains(*hop)) break;
  }
  return found;
}

}  // namespace tombo::filter
