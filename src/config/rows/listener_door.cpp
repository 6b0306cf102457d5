#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&ListenerDoor::interface>("interface", 15, kRestart, "Network interface to bind to; empty means any."),
  flag<&ListenerDoor::freebind>("freebind", kRestart, "Bind to an address that this machine does not have yet (IP_FREEBIND)."),
  text<&ListenerDoor::unix_mode>("unix_mode", 16, kRestart, "Mode of a Unix socket, in octal."),
  text<&ListenerDoor::unix_user>("unix_user", 64, kRestart, "Owner of a Unix socket; empty means the broker's user."),
  text<&ListenerDoor::unix_group>("unix_group", 64, kRestart, "Group of a Unix socket; empty means the broker's group."),
  choice<&ListenerDoor::proxy_protocol>("proxy_protocol", kNew, "required: every connection begins with a PROXY header, version 1 or 2, as HAProxy and others send it."),
  list<&ListenerDoor::proxy_networks>("proxy_networks", {0, 256}, kNew, "Networks that may send PROXY headers; others are closed."),
  list<&ListenerDoor::allow_networks>("allow_networks", {0, 1024}, kNew, "Networks that may connect, such as \"192.168.0.0/16\"; none means all."),
  list<&ListenerDoor::deny_networks>("deny_networks", {0, 1024}, kNew, "Networks that may not connect; the longer prefix decides where allow_networks holds one, too."),
  list<&ListenerDoor::versions>("versions", {1, 3}, kNew, "Versions of MQTT that are accepted: 3.1, 3.1.1, 5."),
  choice<&ListenerDoor::user_name_from>("user_name_from", kNew, "Where the user name comes from: connect takes CONNECT's, the others what TLS or the Unix socket proves, and then backends are not asked for a password."),
  choice<&ListenerDoor::anonymous>("anonymous", kNew, "Whether clients without a user name may connect here: as_broker takes allow_anonymous."),
  list<&ListenerDoor::authentication>("authentication", {0, 16}, kNew, "Backends that are asked here, in this order, instead of those in [auth]."),
  number<&ListenerDoor::connections_per_s>("connections_per_s", {0, 1'000'000}, kLive, "Connections accepted in a second on this listener; 0 means no limit."),
});
// clang-format on

}  // namespace

std::span<const Row> listener_door_rows() {
  return kRows;
}

}  // namespace tombo::config
