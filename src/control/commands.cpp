#include "control/commands.hpp"

#include <algorithm>
#include <array>

namespace tombo::control {

namespace {
constexpr auto kCommands = std::to_array<Command>({
    {"clients.list", list_clients},
    {"clients.show", show_client},
    {"clients.kick", kick_client},
    {"clients.top", list_traffic},
    {"sessions.list", list_sessions},
    {"sessions.show", show_session},
    {"sessions.remove", remove_session},
    {"subscriptions.list", list_subscriptions},
    {"retained.list", list_retained},
    {"retained.get", get_retained},
    {"retained.remove", remove_retained},
    {"queues.list", list_queues},
    {"status", tell_status},
    {"reload", reload_options},
    {"log.level", change_log_level},
    {"drain.begin", begin_drain},
    {"drain.end", end_drain},
    {"store.backup", back_up_store},
    {"store.compact", compact_store},
    {"acl.explain", explain_access},
    {"acl.files", tell_rule_files},
});
}  // namespace

std::span<const Command> commands() { return kCommands; }

const Command* find_command(std::string_view name) {
  const auto found = std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& c) { return c.name == name; });
  return found == kCommands.end() ? nullptr : &*found;
}

}  // namespace tombo::control
