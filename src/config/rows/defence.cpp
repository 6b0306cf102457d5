#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  number<&Defence::client_messages_per_s>("client_messages_per_s", {0, kMany}, kLive, "PUBLISH packets taken from one client in a second; then it is not read from for a moment; 0 means no limit."),
  size<&Defence::client_bytes_in_per_s>("client_bytes_in_per_s", {0, kTiB}, kLive, "Bytes taken from one client in a second; 0 means no limit."),
  size<&Defence::client_bytes_out_per_s>("client_bytes_out_per_s", {0, kTiB}, kLive, "Bytes sent to one client in a second; 0 means no limit."),
  number<&Defence::client_subscribes_per_s>("client_subscribes_per_s", {0, kMany}, kLive, "Filters that one client may subscribe to in a second; 0 means no limit."),
  number<&Defence::address_connections_per_s>("address_connections_per_s", {0, kMany}, kLive, "Connections accepted from one address in a second; 0 means no limit."),
  number<&Defence::login_failures_max>("login_failures_max", {0, kMany}, kLive, "Refused logins of an address or a user name within login_window_s, then it must wait; 0 means never."),
  number<&Defence::login_window_s>("login_window_s", {1, kDay}, kLive, "Time within which failures count."),
  number<&Defence::login_penalty_s>("login_penalty_s", {1, kDay}, kLive, "How long it must wait."),
  number<&Defence::flapping_max>("flapping_max", {0, kMany}, kLive, "Connects of one client id within flapping_window_s, then it must wait; 0 means never."),
  number<&Defence::flapping_window_s>("flapping_window_s", {1, kDay}, kLive, "Time within which connects count."),
  number<&Defence::flapping_penalty_s>("flapping_penalty_s", {1, kDay}, kLive, "How long it must wait."),
  number<&Defence::packet_timeout_s>("packet_timeout_s", {0, 3600}, kLive, "How long a packet may take from its first byte to its last; 0 leaves it to keep alive."),
  number<&Defence::entries_max>("entries_max", {100, kMany}, kLive, "Addresses, users and client ids that are watched; the least recent are forgotten."),
  text<&Defence::user>("user", 64, kRestart, "Become this user once the sockets are bound, where the broker is started as root; empty means stay."),
});
// clang-format on

}  // namespace

std::span<const Row> defence_rows() {
  return kRows;
}

}  // namespace tombo::config
