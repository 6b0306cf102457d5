#include "auth/acl/policy.hpp"
#include "broker/shard.hpp"
#include "control/commands.hpp"
#include "mqtt/topic.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tombo::control {

using auth::Action;
using broker::SessionSeen;
using broker::Shard;

namespace {

constexpr std::string_view kNoRules = "this broker has no rules that could be asked";

std::optional<Action> action_named(std::string_view name) {
  if (name == "publish") return Action::publish;
  if (name == "subscribe") return Action::subscribe;
  if (name == "receive") return Action::receive;
  return std::nullopt;
}

/// What is to be judged, with texts of its own.
struct Wish {
  Action action = Action::publish;
  std::string client_id;
  std::string topic;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  std::shared_ptr<const auth::Principal> principal;  // null: as the client came in
};

/// acl.explain: by the rules that hold at the moment, for a made-up user or one that is connected.
class Explain final : public Task {
 public:
  Explain(Context& context, Wish wish) : Task(context), wish_(std::move(wish)) {}

  void proceed() override {
    if (context().rules == nullptr) return fail(ErrorCode::refused, std::string(kNoRules));
    if (wish_.principal) return tell(wish_.principal);
    ask_home(
        wish_.client_id,
        [id = wish_.client_id](Shard& there) {
          SessionSeen seen;
          return there.see_session(id, seen) ? seen.principal : nullptr;
        },
        [this](const std::shared_ptr<const auth::Principal>& principal) {
          if (!principal) return fail(ErrorCode::not_found, "there is no session of client " + excerpt(wish_.client_id));
          tell(principal);
        });
  }

 private:
  void tell(const std::shared_ptr<const auth::Principal>& principal) {
    const auth::acl::Explanation said =
        context().rules->explain({wish_.action, wish_.client_id, principal, 0, wish_.topic, wish_.qos, wish_.retain});
    const bool allowed = said.answer.decision == auth::Decision::allow;
    result(Json{{"decision", allowed ? "allow" : "deny"},
                {"rule", said.answer.rule ? Json(*said.answer.rule) : Json(nullptr)},
                {"text", said.text.empty() ? Json(nullptr) : Json(said.text)},
                {"why", said.why},
                {"user", principal->user_name},
                {"reason", allowed ? Json(nullptr) : Json(static_cast<unsigned>(said.answer.reason))},
                {"qos_max", static_cast<unsigned>(said.answer.qos_max)}});
  }

  Wish wish_;
};

/// acl.files: where the rules came from.
class TellFiles final : public Task {
 public:
  using Task::Task;
  void proceed() override {
    if (context().rules == nullptr) return fail(ErrorCode::refused, std::string(kNoRules));
    const config::Acl files = context().rules->sources();
    result(Json{{"file", files.file}, {"roles_file", files.roles_file}});
  }
};

/// Null: the client's own.
std::shared_ptr<const auth::Principal> principal_of(Arguments& arguments) {
  const auto user = arguments.given_text("user");
  std::vector<std::string> groups = arguments.texts("groups");
  const std::vector<std::string> attributes = arguments.texts("attributes");
  const bool anonymous = arguments.flag("anonymous");
  if (!user && groups.empty() && attributes.empty() && !anonymous) return nullptr;
  auto principal = std::make_shared<auth::Principal>();
  principal->user_name = user.value_or("");
  if (!anonymous) principal->backend = "acl.explain";
  principal->groups = std::move(groups);
  for (const std::string& attribute : attributes) {
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos || equals == 0) {
      arguments.refuse("an attribute is written NAME=VALUE");
      break;
    }
    principal->attributes.emplace_back(attribute.substr(0, equals), attribute.substr(equals + 1));
  }
  return principal;
}

}  // namespace

std::shared_ptr<Task> explain_access(Context& context, Arguments& arguments) {
  Wish wish;
  const auto action = action_named(arguments.needed_text("action"));
  if (!action) arguments.refuse("'action' is publish, subscribe or receive");
  wish.action = action.value_or(Action::publish);
  wish.topic = arguments.needed_text("topic");
  if (wish.action == Action::subscribe) {
    const mqtt::ParsedFilter filter = mqtt::parse_filter(wish.topic);
    if (!filter.valid) arguments.refuse("'topic' is no topic filter");
    wish.topic = std::string(filter.filter);
  } else if (!mqtt::is_valid_topic_name(wish.topic)) {
    arguments.refuse("'topic' is no topic name");
  }
  wish.qos = static_cast<mqtt::Qos>(arguments.number("qos", 0, 0, 2));
  wish.retain = arguments.flag("retain");
  wish.principal = principal_of(arguments);
  wish.client_id = wish.principal ? arguments.text("client") : arguments.needed_text("client");
  return std::make_shared<Explain>(context, std::move(wish));
}

std::shared_ptr<Task> tell_rule_files(Context& context, Arguments&) {
  return std::make_shared<TellFiles>(context);
}

}  // namespace tombo::control
