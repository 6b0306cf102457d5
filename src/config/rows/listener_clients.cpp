#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&ListenerClients::mount_point>("mount_point", 1024, kNew, "Put before every topic and filter that clients of this listener use, and taken off what they receive, so that they see a tree of their own."),
  text<&ListenerClients::auto_id_prefix>("auto_id_prefix", 64, kNew, "How client ids begin that the broker makes for clients of this listener without one."),
  choice<&ListenerClients::empty_client_id>("empty_client_id", kNew, "Whether clients without a client id may connect here: as_broker takes mqtt.allow_empty_client_id."),
  flag<&ListenerClients::client_id_from_user_name>("client_id_from_user_name", kNew, "The user name is the client id, whatever CONNECT says; clients without one are refused."),
  text<&ListenerClients::password_file>("password_file", 4096, kLive, "Users and hashes of this listener, instead of those in passwords.file."),
  text<&ListenerClients::acl_file>("acl_file", 4096, kLive, "Rules of this listener in Mosquitto's format, instead of those in [acl]."),
});
// clang-format on

}  // namespace

std::span<const Row> listener_clients_rows() {
  return kRows;
}

}  // namespace tombo::config
