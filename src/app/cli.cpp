#include "app/cli.hpp"

#include "app/version.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace tombo::app {

namespace {

constexpr const char* kFooter =
    "Without -c tombo listens on the loopback addresses only and lets everybody in.\n"
    "\n"
    "Signals:\n"
    "  TERM, INT    stop; MQTT 5.0 clients are told, a second one ends at once\n"
    "  HUP          read FILE again and open log files anew\n"
    "  USR1         write what waits to the store\n"
    "  USR2         write a summary and the subscriptions to the log\n"
    "  RTMIN+1      send MQTT 5.0 clients to the server in [redirect]\n"
    "\n"
    "Exit codes:\n"
    "  0  stopped as asked, or the configuration is fine\n"
    "  1  cannot run, for example because a port is in use\n"
    "  2  mistake in the command line or the configuration\n"
    "  3  mistake in a configuration in Mosquitto's syntax\n";

struct Flags {
  bool test_config = false;
  bool print_config = false;
  bool options_markdown = false;
  bool shipped_config = false;
  bool mosquitto_markdown = false;
  bool version = false;
};

void describe(CLI::App& app, Cli& cli, Flags& flags) {
  app.footer(kFooter);
  app.add_option("-c,--config-file", cli.file, "Read the configuration from FILE")->type_name("FILE");
  const auto take_syntax = [&cli](const std::string& name) {
    cli.syntax = name == "toml" ? config::Syntax::toml : config::Syntax::mosquitto;
  };
  app.add_option_function<std::string>("--config-format", take_syntax,
                                       "What FILE is written in, toml or mosquitto; without this tombo looks at what it holds")
      ->type_name("FORMAT")
      ->check([](const std::string& name) {
        return name == "toml" || name == "mosquitto" ? std::string{} : fmt::format("'{}' is no format: toml or mosquitto", name);
      });
  app.add_option("--tls-keylog", cli.tls_keylog,
                 "Append the secrets of TLS connections to FILE (NSS key log format): whoever has it can read recordings")
      ->type_name("FILE");
  app.add_option("-p,--port", cli.ports,
                 "Listen on PORT of the loopback addresses; may be repeated, ignored when FILE "
                 "defines a listener")
      ->type_name("PORT")
      ->allow_extra_args(false)
      ->check([](const std::string& text) {
        const bool digits =
            !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == text.npos;
        const int port = digits ? std::stoi(text) : 0;
        return port >= 1 && port <= 65'535 ? std::string{}
                                           : fmt::format("'{}' is no port (1 to 65535)", text);
      });
  app.add_flag("-v,--verbose", cli.verbose, "Log everything, whatever the configuration says");
  app.add_flag("-q,--quiet", cli.quiet, "Log nothing");
  app.add_flag("-d,--daemon", cli.daemon, "Run in the background; returns when the broker is ready");
  app.add_flag("--test-config", flags.test_config, "Check FILE and exit");
  app.add_flag("--print-config", flags.print_config, "Print all options with their values as TOML and exit");
  app.add_flag("--version", flags.version, "Print the version and exit");
  app.add_flag("--print-options-markdown", flags.options_markdown)->group("");
  app.add_flag("--print-shipped-config", flags.shipped_config)->group("");
  app.add_flag("--print-mosquitto-markdown", flags.mosquitto_markdown)->group("");
}

Parsed mistake(std::string_view message) {
  Parsed parsed;
  parsed.ends = true;
  parsed.exit_code = kExitConfiguration;
  parsed.err = fmt::format("tombo: {}\nTry 'tombo --help'.\n", message);
  return parsed;
}

Parsed answer(std::string text) {
  Parsed parsed;
  parsed.ends = true;
  parsed.out = std::move(text);
  return parsed;
}

}  // namespace

Parsed parse_cli(int argc, const char* const* argv) {
  CLI::App app{"tombo, an MQTT broker", "tombo"};
  Parsed parsed;
  Flags flags;
  describe(app, parsed.cli, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return answer(app.help());
  } catch (const CLI::ExtrasError& e) {
    return mistake(fmt::format("{}; a configuration file is given with -c FILE", e.what()));
  } catch (const CLI::ParseError& e) {
    return mistake(e.what());
  }
  if (flags.version) return answer(fmt::format("tombo {}\n", version()));
  if (flags.test_config && parsed.cli.file.empty()) return mistake("--test-config wants a file: -c FILE");
  if (parsed.cli.verbose && parsed.cli.quiet) return mistake("-v and -q exclude each other");
  if (flags.test_config) parsed.cli.action = Cli::Action::test_config;
  if (flags.print_config) parsed.cli.action = Cli::Action::print_config;
  if (flags.options_markdown) parsed.cli.action = Cli::Action::print_options_markdown;
  if (flags.shipped_config) parsed.cli.action = Cli::Action::print_shipped_config;
  if (flags.mosquitto_markdown) parsed.cli.action = Cli::Action::print_mosquitto_markdown;
  return parsed;
}

}  // namespace tombo::app
