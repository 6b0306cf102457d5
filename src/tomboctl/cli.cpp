#include "tomboctl/cli.hpp"

#include "tomboctl/cli_passwd.hpp"
#include "tomboctl/cli_acl.hpp"
#include "tomboctl/cli_import.hpp"
#include "tomboctl/cli_store.hpp"

#include <sstream>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace tombo::tomboctl {

namespace {

using Shape = Invocation::Shape;

constexpr const char* kFooter =
    "Exit codes:\n"
    "  0  done\n"
    "  1  the broker or the store refused, or there is no such thing\n"
    "  2  mistake in the command line\n"
    "  3  no broker listens at the socket\n";

/// Rows that a table shows unless --limit says otherwise; --json shows all.
constexpr std::uint64_t kTableRows = 1000;

const std::vector<Column> kClientColumns{
    {"CLIENT", "id"}, {"ADDRESS", "address"}, {"MQTT", "version"}, {"KEEPALIVE", "keep_alive_s", Look::age},
    {"CONNECTED", "connected_for_s", Look::age}, {"INFLIGHT", "in_flight", Look::count}, {"QUEUED", "queued", Look::count},
    {"SUBS", "subscriptions", Look::count}};
const std::vector<Column> kClientObject{
    {"client", "id"}, {"address", "address"}, {"listener", "listener"}, {"user", "user"}, {"MQTT version", "version"},
    {"keep alive", "keep_alive_s", Look::age}, {"connected for", "connected_for_s", Look::age},
    {"publishes from it", "publish_received", Look::count}, {"publishes to it", "publish_sent", Look::count},
    {"in flight", "in_flight", Look::count}, {"queued", "queued", Look::count}, {"queued bytes", "queued_bytes", Look::size},
    {"oldest queued", "oldest_s", Look::age}, {"dropped", "dropped", Look::count},
    {"subscriptions", "subscriptions", Look::count}, {"will", "will", Look::flag}, {"session expiry", "expiry_s", Look::age},
    {"shard", "shard"}};
const std::vector<Column> kSessionColumns{
    {"CLIENT", "id"}, {"CONNECTED", "connected", Look::flag}, {"EXPIRY", "expiry_s", Look::age},
    {"EXPIRES IN", "expires_in_s", Look::age}, {"INFLIGHT", "in_flight", Look::count}, {"QUEUED", "queued", Look::count},
    {"BYTES", "queued_bytes", Look::size}, {"OLDEST", "oldest_s", Look::age}, {"DROPPED", "dropped", Look::count},
    {"SUBS", "subscriptions", Look::count}};
const std::vector<Column> kSessionObject{
    {"client", "id"}, {"connected", "connected", Look::flag}, {"user", "user"}, {"session expiry", "expiry_s", Look::age},
    {"expires in", "expires_in_s", Look::age}, {"in flight", "in_flight", Look::count}, {"queued", "queued", Look::count},
    {"queued bytes", "queued_bytes", Look::size}, {"oldest queued", "oldest_s", Look::age},
    {"dropped", "dropped", Look::count}, {"subscriptions", "subscriptions", Look::count}, {"will", "will", Look::flag},
    {"shard", "shard"}};
const std::vector<Column> kSubscriptionColumns{
    {"CLIENT", "id"}, {"FILTER", "filter"}, {"QOS", "qos"}, {"NO LOCAL", "no_local", Look::flag},
    {"AS PUBLISHED", "retain_as_published", Look::flag}, {"NUMBER", "subscription_id"}};
const std::vector<Column> kRetainedColumns{
    {"TOPIC", "topic"}, {"QOS", "qos"}, {"BYTES", "bytes", Look::size}, {"AGE", "age_s", Look::age},
    {"EXPIRES IN", "expires_in_s", Look::age}};
const std::vector<Column> kRetainedObject{
    {"topic", "topic"}, {"QoS", "qos"}, {"bytes", "bytes", Look::size}, {"age", "age_s", Look::age},
    {"expires in", "expires_in_s", Look::age}, {"cut after", "cut_after", Look::size}, {"payload", "payload", Look::whole_text},
    {"payload, base64", "payload_base64", Look::whole_text}};
const std::vector<Column> kQueueColumns{
    {"CLIENT", "id"}, {"CONNECTED", "connected", Look::flag}, {"QUEUED", "queued", Look::count},
    {"BYTES", "queued_bytes", Look::size}, {"OLDEST", "oldest_s", Look::age}, {"DROPPED", "dropped", Look::count},
    {"INFLIGHT", "in_flight", Look::count}};
const std::vector<Column> kTopColumns{
    {"CLIENT", "id"}, {"ADDRESS", "address"}, {"FROM IT/S", "received_per_s", Look::rate}, {"TO IT/S", "sent_per_s", Look::rate},
    {"INFLIGHT", "in_flight", Look::count}, {"QUEUED", "queued", Look::count}, {"DROPPED", "dropped", Look::count}};

/// Builds the words of the command line; what they say ends in `invocation`.
class Words {
 public:
  Words(CLI::App& app, Invocation& invocation) : app_(app), invocation_(invocation) {}

  void describe() {
    app_.footer(kFooter);
    app_.fallthrough();
    app_.require_subcommand(1);
    app_.add_option("-s,--socket", invocation_.socket, "The broker's control socket")
        ->envname("TOMBO_CONTROL")->type_name("PATH")->capture_default_str();
    app_.add_flag("--json", invocation_.json, "JSON: an object a line for rows, one object for the rest");
    describe_clients();
    describe_sessions();
    describe_topics();
    describe_broker();
    describe_store(app_, invocation_);
    describe_passwd(app_, invocation_);
    describe_acl(app_, invocation_);
    describe_import(app_, invocation_);
  }
  /// When all has been read.
  void finish() {
    invocation_.store.json = invocation_.json;
    finish_acl(invocation_);
    if (invocation_.shape == Shape::drain && cancel_) {
      invocation_.command = "drain.end";
      invocation_.wait = false;
    }
    // Where programs get everything, people get what they can read.
    const bool has_limit = invocation_.arguments.contains("limit") || invocation_.command == "queues.list";
    if (invocation_.shape == Shape::rows && !invocation_.json && !has_limit) invocation_.arguments["limit"] = kTableRows;
  }

 private:
  CLI::App* group(const char* name, const char* what) {
    auto* sub = app_.add_subcommand(name, what);
    sub->require_subcommand(1);
    return sub;
  }
  CLI::App* command(CLI::App* parent, const char* name, const char* what, const char* command, Shape shape,
                    std::vector<Column> columns) {
    auto* sub = parent->add_subcommand(name, what);
    sub->callback([this, command, shape, columns = std::move(columns)] {
      invocation_.command = command;
      invocation_.shape = shape;
      invocation_.columns = columns;
    });
    return sub;
  }
  /// A text that goes into the arguments under `key`.
  CLI::Option* text(CLI::App* sub, const char* name, const char* key, const char* what, const char* type) {
    return sub->add_option_function<std::string>(name, [this, key](const std::string& value) { invocation_.arguments[key] = value; }, what)
        ->type_name(type);
  }
  void flag(CLI::App* sub, const char* name, const char* key, const char* what) {
    sub->add_flag_callback(name, [this, key] { invocation_.arguments[key] = true; }, what);
  }
  void number(CLI::App* sub, const char* name, const char* key, const char* what) {
    sub->add_option_function<std::uint32_t>(name, [this, key](std::uint32_t value) { invocation_.arguments[key] = value; }, what)
        ->type_name("N");
  }
  void paging(CLI::App* sub, bool after) {
    number(sub, "--limit", "limit", "At most N rows; 0: all. Default: 1000, all with --json");
    if (after) text(sub, "--after", "after", "Go on where a listing that was cut said", "PLACE");
  }

  void describe_clients() {
    auto* clients = group("clients", "Clients that are connected");
    auto* ls = command(clients, "ls", "List them", "clients.list", Shape::rows, kClientColumns);
    text(ls, "--listener", "listener", "Of this listener: PORT or ADDRESS:PORT", "LISTENER");
    text(ls, "--user", "user", "Of this user", "NAME");
    text(ls, "--prefix", "prefix", "Whose client id begins so", "TEXT");
    paging(ls, true);
    auto* show = command(clients, "show", "All about one", "clients.show", Shape::object, kClientObject);
    text(show, "id", "id", "Client id", "ID")->required();
    auto* kick = command(clients, "kick", "Close its connection; its session stays as long as it asked for", "clients.kick", Shape::object, {});
    text(kick, "id", "id", "Client id", "ID")->required();
    text(kick, "--reason", "reason", "Told to MQTT 5.0 clients, such as quota_exceeded or 0x97; default: administrative_action", "REASON");
  }
  void describe_sessions() {
    auto* sessions = group("sessions", "Sessions, also of clients that are away");
    auto* ls = command(sessions, "ls", "List them", "sessions.list", Shape::rows, kSessionColumns);
    text(ls, "--user", "user", "Of this user", "NAME");
    text(ls, "--prefix", "prefix", "Whose client id begins so", "TEXT");
    flag(ls, "--away", "away", "Only those whose client is away");
    flag(ls, "--connected", "connected", "Only those whose client is connected");
    paging(ls, true);
    auto* show = command(sessions, "show", "All about one", "sessions.show", Shape::object, kSessionObject);
    text(show, "id", "id", "Client id", "ID")->required();
    auto* rm = command(sessions, "rm", "End it, with its subscriptions and queue; its client is disconnected", "sessions.remove", Shape::object, {});
    text(rm, "id", "id", "Client id", "ID")->required();
    auto* queues = command(&app_, "queues", "Sessions with messages waiting or dropped, the longest queue first", "queues.list", Shape::rows, kQueueColumns);
    text(queues, "--prefix", "prefix", "Whose client id begins so", "TEXT");
    number(queues, "--limit", "limit", "At most N rows, up to 10000; default 100");
  }
  void describe_topics() {
    auto* subscriptions = group("subscriptions", "Who subscribed to what");
    auto* ls = command(subscriptions, "ls", "List them", "subscriptions.list", Shape::rows, kSubscriptionColumns);
    text(ls, "--client", "id", "Of this client's session", "ID");
    text(ls, "--filter", "filter", "To exactly this topic filter", "FILTER");
    paging(ls, true);
    auto* retained = group("retained", "Retained messages");
    auto* list = command(retained, "ls", "List them", "retained.list", Shape::rows, kRetainedColumns);
    text(list, "filter", "filter", "Whose topic matches; default #, which leaves out topics that begin with $", "FILTER");
    paging(list, false);
    auto* get = command(retained, "get", "One with its payload", "retained.get", Shape::object, kRetainedObject);
    text(get, "topic", "topic", "Topic", "TOPIC")->required();
    auto* rm = command(retained, "rm", "Forget one; subscribers are not told", "retained.remove", Shape::object, {});
    text(rm, "topic", "topic", "Topic", "TOPIC")->required();
  }
  void describe_broker() {
    command(&app_, "status", "Version, load, memory, connections, drops", "status", Shape::status, {});
    auto* top = command(&app_, "top", "Clients with most messages a second, anew each second", "clients.top", Shape::top, kTopColumns);
    number(top, "--limit", "limit", "At most N clients, up to 1000; default 20");
    number(top, "--interval-ms", "interval_ms", "Measure for so long, 100 to 60000; default 1000");
    top->add_flag("--once", invocation_.once, "Once, then end");
    command(&app_, "reload", "Read the configuration again, as SIGHUP does", "reload", Shape::object, {});
    auto* drain = command(&app_, "drain", "Send every client away and let none in until --cancel", "drain.begin", Shape::drain, {});
    text(drain, "--redirect", "redirect", "Tell MQTT 5.0 clients to use this server (0x9C)", "HOST");
    flag(drain, "--moved", "moved", "Tell them that it is for good (0x9D)");
    drain->add_flag("--wait", invocation_.wait, "Return when no client is left");
    drain->add_flag("--cancel", cancel_, "Let clients in again");
    auto* level = command(&app_, "log-level", "Show or set what is logged, until the next reload", "log.level", Shape::object,
                          {});
    auto* module = text(level, "module", "module", "broker, net, auth, store, config, app or all", "MODULE");
    auto* value = text(level, "level", "level", "trace, debug, info, warning, error or off", "LEVEL");
    module->needs(value);
  }

  CLI::App& app_;
  Invocation& invocation_;
  bool cancel_ = false;
};

/// In one line, and where a word is no command, that word rather than that a command is missing.
std::string mistake(const CLI::App& app, const CLI::ParseError& error) {
  const auto words = app.remaining(true);
  std::string text = !words.empty() ? "there is nothing called '" + words.front() + "'" : error.what();
  return text.substr(0, text.find('\n'));
}

}  // namespace

Parsed parse_cli(int argc, const char* const* argv) {
  Parsed parsed;
  CLI::App app{"tomboctl asks and commands a running tombo, and looks after its store.", "tomboctl"};
  app.set_version_flag("--version", "tomboctl " TOMBO_VERSION);
  Words words(app, parsed.invocation);
  words.describe();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    parsed.ends = true;
    parsed.exit_code = app.exit(error, out, err) == 0 ? kExitOk : kExitUsage;
    parsed.out = out.str();
    parsed.err = parsed.exit_code == kExitOk ? err.str() : "tomboctl: " + mistake(app, error) + " (see --help)\n";
    return parsed;
  }
  words.finish();
  return parsed;
}

}  // namespace tombo::tomboctl
