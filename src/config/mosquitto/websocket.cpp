#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

namespace tombo::config::mosquitto {

namespace {

void take_protocol(Reading& reading, const Line& line) {
  const std::string_view word = only_word(reading, line);
  if (word == "http_api") {
    return reading.error(
        line,
        "'protocol http_api' is not offered: tomboctl asks the running broker, through [control] of a TOML "
        "file; remove this listener");
  }
  if (word != "mqtt" && word != "websockets") {
    return reading.error(line, fmt::format("'protocol' is '{}', but must be mqtt or websockets", word));
  }
  reading.set(Section::listener, "protocol", reading.listener(), {std::string{word == "mqtt" ? "mqtt" : "websocket"}},
              line);
}

constexpr std::int64_t kSmallestHeaders = 8'192;  // the usual bound: a lower one would only turn clients away

void take_headers_size(Reading& reading, const Line& line) {
  const auto size = number_of(reading, line);
  if (!size || *size == 0) return;  // the default
  if (*size < kSmallestHeaders) {
    return reading.warning(line, fmt::format("'{}' is {}, but tombo takes handshakes of {} bytes in any case",
                                             line.name, *size, kSmallestHeaders));
  }
  reading.hold_for_all("websocket_header_bytes_max", {*size}, line);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("protocol", Scope::listener, "mqtt or websockets", "listener.protocol", &take_protocol, "What the listener speaks; http_api of Mosquitto 2.1 is refused."),
  path("http_dir", Scope::listener, "listener.http_directory", "Files that a websockets listener gives to browsers.").opening_none(),
  entry("websockets_origin", Scope::listener, "listener.websocket_origins", "A web page that may connect; may be written several times.").opening_none(),
  Directive{"websockets_headers_size", Scope::listeners, kNumber, Fate::honoured, "listener.websocket_header_bytes_max", "Longest handshake; tombo takes 8 KiB at least, with a warning where less is written.", &take_headers_size, 0, 65'535},
  without_effect("websockets_log_level", Scope::global, kNumber, "it is about libwebsockets, which tombo does not use; 'log_type debug' logs more."),
});
// clang-format on

}  // namespace

std::span<const Directive> websocket_directives() {
  return kEntries;
}

}  // namespace tombo::config::mosquitto
