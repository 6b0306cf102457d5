#include "bench/cli/arguments.hpp"

#include "bench/cli/flags.hpp"
#include "bench/engine/run.hpp"

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <string>
#include <string_view>
#include <utility>

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

Arguments mistake(std::string_view message) {
  Arguments arguments;
  arguments.ends = true;
  arguments.exit_code = static_cast<int>(ExitCode::bad_options);
  // One line, whatever CLI11 has to say.
  std::string line(message.substr(0, message.find('\n')));
  arguments.err = fmt::format("tombo-bench: {}\n", line);
  return arguments;
}

Arguments answer(std::string text) {
  Arguments arguments;
  arguments.ends = true;
  arguments.out = std::move(text);
  return arguments;
}

class CommandLine {
 public:
  CommandLine() : app_{"tombo-bench, a load tester for MQTT brokers", "tombo-bench"} {
    app_.set_help_flag("--help", "Print this help and exit");
    app_.footer(kFooter);
    app_.require_subcommand(1);
    add_conn();
    add_pub();
    add_sub();
    add_pubsub();
    add_latency();
    add_retained();
    add_subs();
  }

  Arguments parse(int argc, const char* const* argv);

 private:
  CLI::App& add(const char* name, const char* what, Topology topology);
  void add_counts(CLI::App& command);
  void add_topology(CLI::App& command);
  void add_conn();
  void add_pub();
  void add_sub();
  void add_pubsub();
  void add_latency();
  void add_retained();
  void add_subs();
  std::string help() const;

  CLI::App app_;
  // One for each sub-command: the same option is another one there.
  std::vector<std::pair<CLI::App*, std::unique_ptr<Flags>>> commands_;
  Flags& flags() { return *commands_.back().second; }
};

CLI::App& CommandLine::add(const char* name, const char* what, Topology topology) {
  CLI::App& command = *app_.add_subcommand(name, what);
  command.set_help_flag("--help", "Print this help and exit");
  commands_.emplace_back(&command, std::make_unique<Flags>());
  flags().plan.name = name;
  flags().plan.topology = topology;
  add_target_flags(command, flags());
  add_client_flags(command, flags());
  return command;
}

void CommandLine::add_counts(CLI::App& command) {
  Flags& given = flags();
  given.publishers = command.add_option("--publishers", given.plan.publishers, "How many publishers");
  given.subscribers = command.add_option("--subscribers", given.plan.subscribers, "How many subscribers");
  given.clients_given = command.add_option("-c,--clients", given.clients, "How many of each");
}

void CommandLine::add_topology(CLI::App& command) {
  command.add_option("--topology", flags().topology, "pairs, fan-in, fan-out, shared, wildcard or request-response");
}

void CommandLine::add_conn() {
  CLI::App& command = add("conn", "Connect, hold, and replace connections", Topology::connect_only);
  Flags& given = flags();
  given.plan.connections = 100;
  command.add_option("-c,--connections", given.plan.connections, "How many connections");
  command.add_option("--churn", given.plan.churn_per_s, "Connections closed and replaced each second while holding");
  given.duration = command.add_option("-d,--duration", given.duration_s, "Seconds to hold them")->group("Time");
  add_output_flags(command, given);
}

void CommandLine::add_pub() {
  CLI::App& command = add("pub", "Publish", Topology::publish_only);
  Flags& given = flags();
  given.publishers = command.add_option("-c,--publishers", given.plan.publishers, "How many publishers");
  add_message_flags(command, given);
  add_time_flags(command, given);
  add_output_flags(command, given);
}

void CommandLine::add_sub() {
  CLI::App& command = add("sub", "Subscribe and count what comes", Topology::subscribe_only);
  Flags& given = flags();
  given.plan.topic = "bench/#";
  given.subscribers = command.add_option("-c,--subscribers", given.plan.subscribers, "How many subscribers");
  given.plan.subscribers = 1;
  command.add_option("-t,--topic", given.plan.topic, "Topic filter");
  command.add_option("-q,--qos", given.qos, "QoS");
  command.add_option("-n,--messages", given.plan.messages, "End when so many have arrived; 0: when the time is over");
  command.add_option("--record", given.plan.record_file, "Write a line per message to this file");
  given.ramp_up_s = 0;
  add_time_flags(command, given);
  add_output_flags(command, given);
}

void CommandLine::add_pubsub() {
  CLI::App& command = add("pubsub", "Publish and subscribe", Topology::pairs);
  add_topology(command);
  add_counts(command);
  add_message_flags(command, flags());
  add_subscriber_flags(command, flags());
  add_time_flags(command, flags());
  add_output_flags(command, flags());
}

void CommandLine::add_latency() {
  CLI::App& command =
      add("latency", "Publish on a schedule and measure from when each message was due", Topology::pairs);
  flags().plan.pace.rate = 1000;
  add_topology(command);
  add_counts(command);
  add_message_flags(command, flags());
  add_subscriber_flags(command, flags());
  add_time_flags(command, flags());
  add_output_flags(command, flags());
}

void CommandLine::add_retained() {
  CLI::App& command = add("retained", "Store retained messages, then subscribe to all of them", Topology::retained);
  Flags& given = flags();
  given.plan.subscribers = 1;
  given.qos = 1;
  command.add_option("--messages", given.plan.retained, "How many retained messages");
  given.publishers = command.add_option("--publishers", given.plan.publishers, "How many publishers");
  given.subscribers = command.add_option("--subscribers", given.plan.subscribers, "How many subscribers");
  command.add_option("-t,--topic", given.plan.topic, "Topic; %s is the number of the message");
  command.add_option("-q,--qos", given.qos, "QoS of both sides");
  command.add_option("-s,--size", given.plan.payload.size, "Bytes of a payload, 24 or more");
  command.add_option("-w,--window", given.plan.pace.window, "Messages under way, of each publisher");
  command.add_option("--drain", given.drain_s, "Seconds of silence after which what is missing is lost");
  add_output_flags(command, given);
}

void CommandLine::add_subs() {
  CLI::App& command = add("subs", "Subscribe many filters, then publish to some", Topology::subscriptions);
  Flags& given = flags();
  add_counts(command);
  command.add_option("--filters", given.plan.filters, "How many filters, over all subscribers");
  command.add_option("--exact", given.plan.filters_exact, "Share of them without wildcard");
  command.add_option("--plus", given.plan.filters_plus, "Share of them with a '+'; the rest have a '#'");
  add_message_flags(command, given);
  add_subscriber_flags(command, given);
  add_time_flags(command, given);
  add_output_flags(command, given);
}

std::string CommandLine::help() const {
  for (const auto& [command, given] : commands_) {
    if (command->parsed()) return command->help() + "\n" + kFooter;
  }
  return app_.help();
}

Arguments CommandLine::parse(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return answer(help());
  } catch (const CLI::ParseError& e) {
    return mistake(fmt::format("{}; try --help", e.what()));
  }
  for (const auto& [command, given] : commands_) {
    if (!command->parsed()) continue;
    if (const std::string wrong = finish(*given); !wrong.empty()) return mistake(wrong);
    Arguments arguments;
    arguments.plan = given->plan;
    arguments.output = given->output;
    arguments.live = !given->plain && !given->output.quiet;
    return arguments;
  }
  return mistake("no command");
}

}  // namespace

Arguments parse_arguments(int argc, const char* const* argv) {
  return CommandLine{}.parse(argc, argv);
}

}  // namespace tombo::bench
