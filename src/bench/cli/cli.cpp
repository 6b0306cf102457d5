#include "bench/cli/arguments.hpp"
#include "bench/cli/plan_flags.hpp"
#include "bench/engine/run.hpp"

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::bench {
namespace {

constexpr const char* kFooter =
    "Every payload begins with a stamp: stream, sequence and time.  What is lost, comes twice,\n"
    "out of order or damaged is counted, and held against the QoS.\n"
    "\n"
    "Exit codes:\n"
    "   0  the promise of the QoS was kept\n"
    "   1  it was broken\n"
    "   2  mistake in the command line or in a file\n"
    "   3  nothing answers at that address\n"
    "   4  a CONNECT or a SUBSCRIBE was refused\n"
    "   5  the TLS handshake failed\n"
    "   6  the broker closed connections, and --reconnect was not given\n"
    "  70  a mistake of this tool\n";

constexpr const char* kCounts = "Clients";
constexpr const char* kMessages = "Messages";

Arguments mistake(std::string_view message) {
  Arguments arguments;
  arguments.ends = true;
  arguments.exit_code = static_cast<int>(ExitCode::bad_options);
  // One line, whatever CLI11 has to say.
  arguments.err = fmt::format("tombo-bench: {}\n", message.substr(0, message.find('\n')));
  return arguments;
}

Arguments answer(std::string text) {
  Arguments arguments;
  arguments.ends = true;
  arguments.out = std::move(text);
  return arguments;
}

/// A sub-command with what was given to it: the same option is another one on each of them.
struct SubCommand {
  CLI::App* app = nullptr;
  PlanFlags flags;
  Arguments arguments;
  std::string clients;  // --clients: as many of each
  std::string format = "text";
  bool plain = false;
};

class CommandLine {
 public:
  CommandLine();

  Arguments parse(int argc, const char* const* argv);

 private:
  SubCommand& add(const char* name, const char* what, Topology topology);
  void add_output(SubCommand& command);
  void add_messages(SubCommand& command);
  void add_clients(SubCommand& command);
  void add_conn();
  void add_one_sided();
  void add_two_sided();
  void add_tables();
  void add_files();
  void add_several();
  SubCommand& add_bare(const char* name, const char* what, Arguments::Command kind);
  std::string help() const;
  Arguments finish(SubCommand& command) const;

  CLI::App app_;
  std::vector<std::unique_ptr<SubCommand>> commands_;
};

CommandLine::CommandLine() : app_{"tombo-bench, a load tester for MQTT brokers", "tombo-bench"} {
  app_.set_help_flag("--help", "Print this help and exit");
  app_.footer(kFooter);
  app_.require_subcommand(1);
  add_conn();
  add_one_sided();
  add_two_sided();
  add_tables();
  add_files();
  add_several();
}

SubCommand& CommandLine::add(const char* name, const char* what, Topology topology) {
  commands_.push_back(std::make_unique<SubCommand>());
  SubCommand& command = *commands_.back();
  command.app = app_.add_subcommand(name, what);
  command.app->set_help_flag("--help", "Print this help and exit");
  command.arguments.plan.name = name;
  command.arguments.plan.topology = topology;
  command.flags.add(*command.app, "Broker",
                    {"h,host", "p,port", "V,version", "source-address", "tls", "ca", "cert", "key", "server-name",
                     "insecure", "ws,websocket", "websocket-path", "broker-pid"});
  command.flags.add(
      *command.app, "Connections",
      {"client-id", "u,username", "P,password", "k,keep-alive", "clean-start", "x,session-expiry", "receive-maximum",
       "R,connect-rate", "connecting-max", "connect-retries", "connect-timeout", "reconnect", "threads"});
  command.flags.add(*command.app, "Output", {"name"});
  add_output(command);
  return command;
}

void CommandLine::add_output(SubCommand& command) {
  OutputOptions& output = command.arguments.output;
  command.app->add_option("--json", output.json_file, "Write the report as JSON to FILE; '-' is the standard output")
      ->type_name("FILE")
      ->group("Output");
  command.app->add_option("--csv", output.csv_file, "Write a row per second to FILE")
      ->type_name("FILE")
      ->group("Output");
  command.app->add_option("--html", output.html_file, "Write a page with charts to FILE")
      ->type_name("FILE")
      ->group("Output");
  command.app->add_option("--format", command.format, "What is printed: text, json or mqtt-benchmark")->group("Output");
  command.app->add_flag("--quiet", output.quiet, "Print nothing but errors")->group("Output");
  command.app->add_flag("--no-live", command.plain, "No line per second")->group("Output");
}

void CommandLine::add_messages(SubCommand& command) {
  command.flags.add(*command.app, kMessages,
                    {"t,topic", "q,qos", "publish-qos", "r,retain", "s,size", "payload-file", "m,payload", "n,messages",
                     "rate", "w,window", "batch", "record"});
  command.flags.add(*command.app, "Time", {"d,duration", "ramp-up", "ramp-down", "drain"});
}

void CommandLine::add_clients(SubCommand& command) {
  command.app->add_option("-c,--clients", command.clients, "As many publishers as subscribers")
      ->type_name("N")
      ->group(kCounts);
  command.flags.add(*command.app, kCounts, {"publishers", "subscribers"});
}

void CommandLine::add_conn() {
  SubCommand& command = add("conn", "Connect, hold, and replace connections", Topology::connect_only);
  command.arguments.plan.connections = 100;
  command.flags.add(*command.app, kCounts, {"c,connections", "churn"});
  command.flags.add(*command.app, "Time", {"d,duration"});
}

void CommandLine::add_one_sided() {
  SubCommand& pub = add("pub", "Publish", Topology::publish_only);
  pub.flags.add(*pub.app, kCounts, {"c,publishers"});
  add_messages(pub);

  SubCommand& sub = add("sub", "Subscribe and count what comes", Topology::subscribe_only);
  sub.arguments.plan.topic = "bench/#";
  sub.arguments.plan.subscribers = 1;
  sub.arguments.plan.ramp_up = Seconds{0};
  sub.flags.add(*sub.app, kCounts, {"c,subscribers"});
  sub.flags.add(*sub.app, kMessages, {"t,topic", "q,qos", "n,messages", "record"});
  sub.flags.add(*sub.app, "Time", {"d,duration", "ramp-up", "ramp-down"});
}

void CommandLine::add_two_sided() {
  SubCommand& pubsub = add("pubsub", "Publish and subscribe", Topology::pairs);
  SubCommand& latency =
      add("latency", "Publish on a schedule; latency counts from when a message was due", Topology::pairs);
  latency.arguments.plan.pace.rate = 1000;
  for (SubCommand* const command : {&pubsub, &latency}) {
    command->flags.add(*command->app, kCounts, {"topology"});
    add_clients(*command);
    add_messages(*command);
    command->flags.add(*command->app, kMessages, {"subscribe-qos", "share-group"});
  }
}

void CommandLine::add_tables() {
  SubCommand& retained = add("retained", "Store retained messages, then subscribe to all of them", Topology::retained);
  retained.arguments.plan.subscribers = 1;
  retained.arguments.plan.publish_qos = mqtt::Qos::at_least_once;
  retained.flags.add(*retained.app, kCounts, {"publishers", "subscribers"});
  retained.flags.add(*retained.app, kMessages,
                     {"n,retained", "t,topic", "q,qos", "publish-qos", "subscribe-qos", "s,size", "w,window"});
  retained.flags.add(*retained.app, "Time", {"drain"});

  SubCommand& subs = add("subs", "Subscribe many filters, then publish to some", Topology::subscriptions);
  subs.flags.add(*subs.app, "Filters", {"filters", "filters-exact", "filters-plus"});
  add_clients(subs);
  add_messages(subs);
  subs.flags.add(*subs.app, kMessages, {"subscribe-qos"});
}

void CommandLine::add_files() {
  SubCommand& run = add("run", "Run the scenarios of a TOML file", Topology::pairs);
  run.arguments.command = Arguments::Command::run_file;
  run.app->add_option("FILE", run.arguments.file, "The scenario file")->required();

  SubCommand& loader = add("loader", "Run an MQTTLoader configuration file", Topology::pairs);
  loader.arguments.command = Arguments::Command::loader;
  loader.app->add_option("-c,--config", loader.arguments.file, "The configuration file")->type_name("FILE")->required();
}

/// Without the options of a run.
SubCommand& CommandLine::add_bare(const char* name, const char* what, Arguments::Command kind) {
  commands_.push_back(std::make_unique<SubCommand>());
  SubCommand& command = *commands_.back();
  command.app = app_.add_subcommand(name, what);
  command.app->set_help_flag("--help", "Print this help and exit");
  command.arguments.command = kind;
  return command;
}

/// Several brokers, several machines.
void CommandLine::add_several() {
  SubCommand& compare =
      add_bare("compare", "Run the same scenarios against several brokers in turn", Arguments::Command::compare);
  compare::Options& brokers = compare.arguments.compare;
  compare.app
      ->add_option("--broker", brokers.brokers,
                   "A broker and how it is started; {port} and {dir} are filled in; repeat it")
      ->type_name("NAME=COMMAND")
      ->expected(1)
      ->take_all()
      ->required();
  compare.app
      ->add_option("--template", brokers.templates,
                   "A file whose copy's path replaces {NAME} in commands, {port} and {dir} filled in")
      ->type_name("NAME=FILE")
      ->expected(1)
      ->take_all();
  compare.app->add_option("--scenario", brokers.scenario_file, "The scenario file")->type_name("FILE")->required();
  compare.app->add_option("--only", brokers.only, "Only these runs of it, between commas")
      ->type_name("NAMES")
      ->delimiter(',');
  compare.app->add_option("--rounds", brokers.rounds, "How often each is measured; medians are shown")
      ->capture_default_str();
  compare.app->add_option("--markdown", brokers.markdown_file, "Write the table to FILE")->type_name("FILE");
  add_output(compare);

  SubCommand& coordinate =
      add_bare("coordinate", "Share scenarios out to workers on other machines", Arguments::Command::coordinate);
  coordinate::Options& workers = coordinate.arguments.coordinate;
  coordinate.app->add_option("--listen", workers.listen, "Where workers register")
      ->type_name("ADDR:PORT")
      ->capture_default_str();
  coordinate.app->add_option("--workers", workers.workers, "How many to wait for")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  coordinate.app->add_option("--scenario", workers.scenario_file, "The scenario file")->type_name("FILE")->required();
  coordinate.app->add_option("--wait", workers.wait_s, "How long to wait for them")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  coordinate.app->add_option("--lead", workers.lead_s, "From the order to the common start; clients connect in it")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  add_output(coordinate);

  SubCommand& worker = add_bare("worker", "Do what a coordinator says", Arguments::Command::worker);
  worker.app->add_option("ADDR:PORT", worker.arguments.coordinator, "Where the coordinator listens")->required();
}

std::string CommandLine::help() const {
  for (const auto& command : commands_) {
    if (command->app->parsed()) return command->app->help() + "\n" + kFooter;
  }
  return app_.help();
}

/// Defaults that depend on what else was said.
void fill_in(Plan& plan, const SubCommand& command) {
  const auto given = [&](std::string_view name) { return command.flags.given(name); };
  const bool one_to_one = plan.topology == Topology::pairs || plan.topology == Topology::wildcard;
  if (one_to_one && command.clients.empty()) {
    if (given("publishers") && !given("subscribers")) plan.subscribers = plan.publishers;
    if (given("subscribers") && !given("publishers")) plan.publishers = plan.subscribers;
  }
  if (plan.topology == Topology::fan_in && !given("subscribers")) plan.subscribers = 1;
  if (plan.topology == Topology::fan_out && !given("publishers")) plan.publishers = 1;
  if (plan.messages == 0) return;
  // A run of so many messages is measured from the first to the last, unless somebody says otherwise.
  constexpr Seconds kNoEnd{7.0 * 24 * 3600};
  if (!given("duration")) plan.duration = kNoEnd;
  if (!given("ramp-up")) plan.ramp_up = Seconds{0};
}

Arguments CommandLine::finish(SubCommand& command) const {
  Arguments& arguments = command.arguments;
  Plan& plan = arguments.plan;
  if (!command.clients.empty()) {
    for (const std::string_view name : {"publishers", "subscribers"}) {
      if (const auto wrong = find_option(name)->set(plan, command.clients)) {
        return mistake(fmt::format("--clients {}", *wrong));
      }
    }
  }
  if (const std::string wrong = command.flags.apply(plan); !wrong.empty()) return mistake(wrong);
  const auto format = format_of(command.format);
  if (!format) return mistake(fmt::format("--format must be text, json or mqtt-benchmark, not '{}'", command.format));
  arguments.output.format = *format;
  arguments.live = !command.plain && !arguments.output.quiet;
  fill_in(plan, command);
  arguments.compare.outputs = arguments.coordinate.outputs = arguments.output;
  arguments.coordinate.live = arguments.live;
  return arguments;
}

Arguments CommandLine::parse(int argc, const char* const* argv) {
  if (argc < 2) return mistake("no command; try --help");
  const std::string_view name = argv[1];
  const bool known = std::ranges::any_of(commands_, [&](const auto& c) { return c->app->get_name() == name; });
  if (!known && !name.starts_with('-')) {
    return mistake(fmt::format("there is no command '{}'; try --help", name));
  }
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return answer(help());
  } catch (const CLI::ParseError& e) {
    return mistake(fmt::format("{}; try --help", e.what()));
  }
  for (const auto& command : commands_) {
    if (command->app->parsed()) return finish(*command);
  }
  return mistake("no command; try --help");
}

}  // namespace

Arguments parse_arguments(int argc, const char* const* argv) {
  return CommandLine{}.parse(argc, argv);
}

}  // namespace tombo::bench
