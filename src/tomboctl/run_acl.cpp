#include "tomboctl/run_acl.hpp"

#include "auth/acl/policy_diff.hpp"
#include "config/load.hpp"
#include "mqtt/topic.hpp"
#include "tomboctl/channel.hpp"
#include "tomboctl/human.hpp"
#include "tomboctl/table.hpp"

#include <cstdio>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {

using auth::Action;
using auth::Decision;
using auth::acl::DiffClient;
using auth::acl::Difference;
using auth::acl::Explanation;
using auth::acl::Policy;
using PolicyPtr = std::shared_ptr<const Policy>;

Failure<Trouble> trouble(std::string text, ExitCode code = kExitRefused) {
  return Failure{Trouble{code, std::move(text)}};
}

void say(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems) fmt::print(stderr, "{}\n", to_text(problem));
}

Result<PolicyPtr, Trouble> load(const config::Acl& files) {
  auto policy = Policy::load(files);
  if (policy) {
    say((*policy)->warnings());
    return *policy;
  }
  say(policy.error());
  return trouble("the rules cannot be used");
}

/// The files that the options or the configuration name.
Result<config::Acl, Trouble> files_of(const AclWish& wish) {
  config::Acl files;
  files.file = wish.acl_file;
  files.roles_file = wish.roles_file;
  if (wish.config_file.empty()) return files;
  const config::Loaded loaded = config::load_file(wish.config_file);
  if (loaded.ok()) return loaded.options.acl;
  say(loaded.problems);
  return trouble(fmt::format("{} cannot be used", wish.config_file));
}

Json to_json(const Explanation& said) {
  const bool allowed = said.answer.decision == Decision::allow;
  return Json{{"decision", allowed ? "allow" : "deny"},
              {"rule", said.answer.rule ? Json(*said.answer.rule) : Json(nullptr)},
              {"text", said.text.empty() ? Json(nullptr) : Json(said.text)},
              {"why", said.why},
              {"reason", allowed ? Json(nullptr) : Json(static_cast<unsigned>(said.answer.reason))},
              {"qos_max", static_cast<unsigned>(said.answer.qos_max)}};
}

Result<std::shared_ptr<const auth::Principal>, Trouble> principal_of(const AclWish& wish) {
  auto principal = std::make_shared<auth::Principal>();
  principal->user_name = wish.user;
  principal->groups = wish.groups;
  if (!wish.anonymous && !wish.user.empty()) principal->backend = "acl explain";
  for (const std::string& attribute : wish.attributes) {
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos || equals == 0) return trouble(fmt::format("'{}' is no NAME=VALUE", attribute), kExitUsage);
    principal->attributes.emplace_back(attribute.substr(0, equals), attribute.substr(equals + 1));
  }
  return std::shared_ptr<const auth::Principal>(principal);
}

Result<void, Trouble> explain(const AclWish& wish) {
  const auto files = files_of(wish);
  if (!files) return Failure{files.error()};
  const auto policy = load(*files);
  if (!policy) return Failure{policy.error()};
  const auto principal = principal_of(wish);
  if (!principal) return Failure{principal.error()};
  const Action action = wish.action == "publish"   ? Action::publish
                        : wish.action == "receive" ? Action::receive
                                                   : Action::subscribe;
  std::string_view topic = wish.topic;
  if (action == Action::subscribe) {
    const mqtt::ParsedFilter filter = mqtt::parse_filter(topic);
    if (!filter.valid) return trouble(fmt::format("'{}' is no topic filter", wish.topic), kExitUsage);
    topic = filter.filter;
  } else if (!mqtt::is_valid_topic_name(topic)) {
    return trouble(fmt::format("'{}' is no topic name", wish.topic), kExitUsage);
  }
  const Json said =
      to_json((*policy)->explain({action, wish.client, *principal, 0, topic, static_cast<mqtt::Qos>(wish.qos), wish.retain}));
  if (wish.json) {
    write_json(said, stdout);
  } else {
    write_object(said,
                 {{"decision", "decision"},
                  {"rule", "rule", Look::whole_text},
                  {"text", "text", Look::whole_text},
                  {"why", "why", Look::whole_text}},
                 stdout);
  }
  return {};
}

/// Rows of a listing, one by one.
Result<void, Trouble> each_row(Channel& channel, const char* command, const Json& arguments,
                               const std::function<void(const Json&)>& take) {
  return channel.call(command, arguments, [&](const Json& page) {
    for (const auto& row : page.value("rows", Json::array())) take(row);
    return true;
  });
}

std::shared_ptr<const auth::Principal> principal_from(const Json& row) {
  auto principal = std::make_shared<auth::Principal>();
  const Json who = row.value("principal", Json::object());
  principal->user_name = who.value("user", "");
  principal->backend = who.value("backend", "");
  principal->groups = who.value("groups", std::vector<std::string>{});
  principal->attributes = who.value("attributes", std::vector<std::pair<std::string, std::string>>{});
  principal->has_grants = who.value("has_grants", false);
  return principal;
}

/// Who is connected, with his subscriptions.
Result<std::vector<DiffClient>, Trouble> connected(Channel& channel) {
  std::vector<DiffClient> clients;
  std::map<std::string, std::size_t> places;
  auto listed = each_row(channel, "clients.list", Json{{"principals", true}}, [&](const Json& row) {
    const std::string id = row.value("id", "");
    if (places.emplace(id, clients.size()).second) clients.push_back({id, principal_from(row), {}});
  });
  if (!listed) return Failure{listed.error()};
  listed = each_row(channel, "subscriptions.list", Json::object(), [&](const Json& row) {
    const auto place = places.find(row.value("id", ""));
    if (place != places.end()) clients[place->second].subscriptions.push_back(row.value("filter", ""));
  });
  if (!listed) return Failure{listed.error()};
  return clients;
}

/// The names of the files that the broker reads, unless the command line names others.
Result<config::Acl, Trouble> old_files(const AclWish& wish, Channel& channel) {
  if (!wish.config_file.empty() || !wish.acl_file.empty() || !wish.roles_file.empty()) return files_of(wish);
  config::Acl files;
  const auto asked = channel.call("acl.files", Json::object(), [&](const Json& page) {
    const Json result = page.value("result", Json::object());
    files.file = result.value("file", "");
    files.roles_file = result.value("roles_file", "");
    return false;
  });
  if (!asked) return Failure{asked.error()};
  return files;
}

std::string to_text(const auth::acl::Right& right) {
  return fmt::format("{} {} {}", right.allow ? "allow" : "deny", right.publish ? "publish" : "subscribe", right.filter);
}

Json to_json(const Difference& difference) {
  Json row{{"id", difference.client_id}, {"user", difference.user_name}};
  Json subscriptions = Json::array(), gone = Json::array(), fresh = Json::array();
  for (const auto& one : difference.subscriptions) {
    subscriptions.push_back(Json{{"filter", one.filter}, {"before", to_json(one.before)}, {"after", to_json(one.after)}});
  }
  for (const auto& right : difference.gone) gone.push_back(to_text(right));
  for (const auto& right : difference.fresh) fresh.push_back(to_text(right));
  row["subscriptions"] = std::move(subscriptions);
  row["rules_gone"] = std::move(gone);
  row["rules_new"] = std::move(fresh);
  return row;
}

void write_plain(const Difference& difference) {
  const auto line = [](const std::string& text) { fmt::print(stdout, "  {}\n", printable(text, std::string::npos)); };
  const std::string head =
      fmt::format("client {} user {}", difference.client_id, difference.user_name.empty() ? "-" : difference.user_name);
  fmt::print(stdout, "{}\n", printable(head, std::string::npos));
  for (const auto& one : difference.subscriptions) {
    const bool was = one.before.answer.decision == Decision::allow;
    const char* what = was && one.gained() ? "changes qos" : one.gained() ? "gains" : "loses";
    line(
        fmt::format("{} subscription {} ({})", what, one.filter, one.after.answer.rule ? *one.after.answer.rule : one.after.why));
  }
  for (const auto& right : difference.gone) line("- " + to_text(right));
  for (const auto& right : difference.fresh) line("+ " + to_text(right));
}

Result<void, Trouble> diff(const AclWish& wish) {
  if (wish.new_acl_file.empty() && wish.new_roles_file.empty())
    return trouble("there is nothing to compare: name a new file or new roles", kExitUsage);
  Channel channel;
  if (auto opened = channel.open(wish.socket); !opened) return opened;
  const auto files = old_files(wish, channel);
  if (!files) return Failure{files.error()};
  config::Acl new_files = *files;
  if (!wish.new_acl_file.empty()) new_files.file = wish.new_acl_file;
  if (!wish.new_roles_file.empty()) new_files.roles_file = wish.new_roles_file;
  const auto before = load(*files);
  if (!before) return Failure{before.error()};
  const auto after = load(new_files);
  if (!after) return Failure{after.error()};
  const auto clients = connected(channel);
  if (!clients) return Failure{clients.error()};
  const auto differences = auth::acl::diff(**before, **after, *clients);
  for (const Difference& difference : differences) {
    if (wish.json) {
      write_json(to_json(difference), stdout);
    } else {
      write_plain(difference);
    }
  }
  if (!wish.json) fmt::print(stdout, "{} of {} connected clients are concerned\n", differences.size(), clients->size());
  return {};
}

}  // namespace

int run_acl(const AclWish& wish) {
  const auto done = wish.what == AclWish::What::explain ? explain(wish) : diff(wish);
  std::fflush(stdout);
  if (done) return kExitOk;
  fmt::print(stderr, "tomboctl: {}\n", printable(done.error().text, std::string::npos));
  return done.error().exit_code;
}

}  // namespace tombo::tomboctl
