#include "tomboctl/cli_acl.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace tombo::tomboctl {

namespace {

void describe_files(CLI::App* sub, AclWish& wish, const char* which) {
  const std::string of = std::string(which) + ": ";
  auto* config = sub->add_option("--config", wish.config_file, of + "those that this tombo.toml names")->type_name("FILE");
  sub->add_option("--acl", wish.acl_file, of + "this file in Mosquitto's form")->type_name("FILE")->excludes(config);
}

void describe_explain(CLI::App* acl, Invocation& invocation) {
  AclWish& wish = invocation.acl;
  auto* sub = acl->add_subcommand(
      "explain",
      "Whether somebody may do something, and the rule that decides; by a running broker's rules unless files are given");
  sub->add_option("--user", wish.user, "User name; without: that of the connected client, or with files an anonymous one")
      ->type_name("NAME");
  sub->add_option("--client", wish.client, "Client id")->type_name("ID");
  sub->add_option("--topic", wish.topic, "Topic name, or topic filter for subscribe")->type_name("TOPIC")->required();
  sub->add_option("--action", wish.action, "publish, subscribe or receive")
      ->type_name("ACTION")
      ->required()
      ->check(CLI::IsMember({"publish", "subscribe", "receive"}));
  sub->add_option("--group", wish.groups, "Group that the user is in; several times: several")->type_name("NAME");
  sub->add_option("--attribute", wish.attributes, "For templates, such as cn=sensor-7; several times: several")
      ->type_name("NAME=VALUE");
  sub->add_option("--qos", wish.qos, "Of the message")->type_name("0..2")->check(CLI::Range(0, 2));
  sub->add_flag("--retain", wish.retain, "The message is to be retained");
  sub->add_flag("--anonymous", wish.anonymous, "Nobody vouches for the user name");
  describe_files(sub, wish, "Rules");
  sub->add_option("--roles", wish.roles_file, "Rules: this file of roles in TOML")->type_name("FILE")->excludes("--config");
  sub->callback([&wish] { wish.what = AclWish::What::explain; });
}

void describe_diff(CLI::App* acl, Invocation& invocation) {
  AclWish& wish = invocation.acl;
  auto* sub = acl->add_subcommand("diff", "Which connected clients would lose or gain what with other files");
  sub->add_option("newfile", wish.new_acl_file, "The new file in Mosquitto's form; without: as before")->type_name("NEWFILE");
  sub->add_option("--roles", wish.new_roles_file, "The new file of roles; without: as before")->type_name("NEWROLES");
  describe_files(sub, wish, "Rules as they are; without: those of the running broker");
  sub->add_option("--old-roles", wish.roles_file, "Rules as they are: this file of roles in TOML")
      ->type_name("FILE")
      ->excludes("--config");
  sub->callback([&wish] { wish.what = AclWish::What::diff; });
}

/// The same question for the broker.
void ask_broker(Invocation& invocation) {
  AclWish& wish = invocation.acl;
  wish.what = AclWish::What::none;
  invocation.command = "acl.explain";
  invocation.shape = Invocation::Shape::object;
  invocation.columns = {{"decision", "decision"},
                        {"rule", "rule", Look::whole_text},
                        {"text", "text", Look::whole_text},
                        {"why", "why", Look::whole_text},
                        {"user", "user"}};
  Json& arguments = invocation.arguments;
  arguments["topic"] = wish.topic;
  arguments["action"] = wish.action;
  if (!wish.client.empty()) arguments["client"] = wish.client;
  if (!wish.user.empty()) arguments["user"] = wish.user;
  if (!wish.groups.empty()) arguments["groups"] = wish.groups;
  if (!wish.attributes.empty()) arguments["attributes"] = wish.attributes;
  if (wish.qos != 0) arguments["qos"] = wish.qos;
  if (wish.retain) arguments["retain"] = true;
  if (wish.anonymous) arguments["anonymous"] = true;
}

}  // namespace

void describe_acl(CLI::App& app, Invocation& invocation) {
  auto* acl = app.add_subcommand("acl", "Rules: what clients may do");
  acl->require_subcommand(1);
  describe_explain(acl, invocation);
  describe_diff(acl, invocation);
}

void finish_acl(Invocation& invocation) {
  AclWish& wish = invocation.acl;
  wish.json = invocation.json;
  wish.socket = invocation.socket;
  const bool files = !wish.config_file.empty() || !wish.acl_file.empty() || !wish.roles_file.empty();
  if (wish.what == AclWish::What::explain && !files) ask_broker(invocation);
}

}  // namespace tombo::tomboctl
