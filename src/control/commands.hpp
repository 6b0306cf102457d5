#pragma once

#include "control/task.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace tombo::control {

using MakeTask = std::shared_ptr<Task> (*)(Context& context, Arguments& arguments);

/// A word of the protocol and who does the work.  Adding a command is a function below and a line in commands.cpp.
struct Command {
  std::string_view name;
  MakeTask make;
};

std::span<const Command> commands();
/// nullptr if there is none.
const Command* find_command(std::string_view name);

// sessions.cpp
std::shared_ptr<Task> list_clients(Context& context, Arguments& arguments);
std::shared_ptr<Task> list_sessions(Context& context, Arguments& arguments);
std::shared_ptr<Task> show_client(Context& context, Arguments& arguments);
std::shared_ptr<Task> show_session(Context& context, Arguments& arguments);
std::shared_ptr<Task> kick_client(Context& context, Arguments& arguments);
std::shared_ptr<Task> remove_session(Context& context, Arguments& arguments);
// subscriptions.cpp
std::shared_ptr<Task> list_subscriptions(Context& context, Arguments& arguments);
// retained.cpp
std::shared_ptr<Task> list_retained(Context& context, Arguments& arguments);
std::shared_ptr<Task> get_retained(Context& context, Arguments& arguments);
std::shared_ptr<Task> remove_retained(Context& context, Arguments& arguments);
// queues.cpp
std::shared_ptr<Task> list_queues(Context& context, Arguments& arguments);
// traffic.cpp
std::shared_ptr<Task> list_traffic(Context& context, Arguments& arguments);
// whole_broker.cpp
std::shared_ptr<Task> tell_status(Context& context, Arguments& arguments);
std::shared_ptr<Task> reload_options(Context& context, Arguments& arguments);
std::shared_ptr<Task> change_log_level(Context& context, Arguments& arguments);
std::shared_ptr<Task> begin_drain(Context& context, Arguments& arguments);
std::shared_ptr<Task> end_drain(Context& context, Arguments& arguments);
// store.cpp
std::shared_ptr<Task> back_up_store(Context& context, Arguments& arguments);
std::shared_ptr<Task> compact_store(Context& context, Arguments& arguments);
// acl.cpp
std::shared_ptr<Task> explain_access(Context& context, Arguments& arguments);
std::shared_ptr<Task> tell_rule_files(Context& context, Arguments& arguments);

}  // namespace tombo::control
