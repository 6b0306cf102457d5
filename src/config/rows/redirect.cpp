#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  choice<&Redirect::mode>("mode", kNew, "Answer every CONNECT with 0x9C (use_another_server) or 0x9D (server_moved)."),
  text<&Redirect::server_reference>("server_reference", 65'535, kNew, "The other server, as host or host:port, several separated by spaces."),
  number<&Redirect::connections_high>("connections_high", {0, kMany}, kLive, "With more connections the newest MQTT 5.0 clients are sent to the other server; 0 means never."),
  number<&Redirect::connections_low>("connections_low", {0, kMany}, kLive, "Sending clients away ends when so many connections are left."),
});
// clang-format on

}  // namespace

std::span<const Row> redirect_rows() {
  return kRows;
}

}  // namespace tombo::config
