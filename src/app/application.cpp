#include "app/application.hpp"

#include "app/daemonize.hpp"
#include "app/import_store.hpp"
#include "app/life_lines.hpp"
#include "app/limits.hpp"
#include "app/log_sinks.hpp"
#include "app/options_from.hpp"
#include "app/orders.hpp"
#include "app/pid_file.hpp"
#include "app/plugin_actions.hpp"
#include "app/plugin_guests.hpp"
#include "app/privileges.hpp"
#include "app/reload.hpp"
#include "app/signals.hpp"
#include "app/systemd.hpp"
#include "app/tree_lines.hpp"
#include "app/version.hpp"
#include "auth/guard.hpp"
#include "base/watch_files.hpp"
#include "config/load.hpp"
#include "broker/core.hpp"
#include "broker/keeper.hpp"
#include "control/server.hpp"
#include "control/store_operations.hpp"
#include "net/entrance.hpp"
#include "filter/key_log.hpp"
#include "net/server.hpp"
#include "plugin/plugin_host.hpp"

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace tombo::app {

namespace {

using OptionsPtr = std::shared_ptr<const config::Options>;

void print_problems(const config::Loaded& loaded) {
  for (const config::Problem& problem : loaded.problems) {
    std::fprintf(stderr, "%s\n", config::to_text(problem).c_str());
  }
}

std::string joined(const std::vector<std::string>& problems) {
  std::string all;
  for (const auto& problem : problems) all += (all.empty() ? "" : "\n") + problem;
  return all;
}

/// What is wrong with the files that the options name: certificates, passwords, rules.  Plugins are not loaded: that would run
/// them.
std::vector<std::string> problems_of_files(const config::Options& options) {
  std::vector<std::string> problems = problems_of_plugin_files(options);
  const SystemClock clock;
  if (auto guard = auth::Guard::open(options, clock, {}, guests_in_name_only(options)); !guard) {
    problems.insert(problems.end(), guard.error().begin(), guard.error().end());
  }
  for (const config::Listener& listener : options.listeners) {
    if (auto made = net::Entrance::make(listener, nullptr); !made) {
      problems.insert(problems.end(), made.error().begin(), made.error().end());
    }
  }
  return problems;
}

/// Scripts around Mosquitto know its number for a mistake in the file.
int configuration_exit(const config::Loaded& loaded) {
  return loaded.syntax == config::Syntax::mosquitto ? kExitMosquittoConfiguration : kExitConfiguration;
}

int test_config(const Cli& cli, const config::Loaded& loaded) {
  if (!loaded.ok()) return configuration_exit(loaded);
  const auto problems = problems_of_files(loaded.options);
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", problem.c_str());
  if (!problems.empty()) return configuration_exit(loaded);
  std::printf("%s: the configuration is fine\n", cli.file.c_str());
  return kExitOk;
}

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return kExitOk;
}

/// What -v, -q and -d say about logging, which holds after a reload, too.
config::Log log_options(const Cli& cli, config::Log options) {
  if (cli.verbose) options.level = "debug";
  if (cli.quiet) options.level = "off";
  if (cli.verbose || cli.quiet) {
    options.modules.clear();
    options.types.clear();
  }
  if (!cli.daemon) return options;
  // A background process has no terminal: what would go there goes to syslog.
  const auto to_terminal = [](const std::string& to) { return to == "stdout" || to == "stderr"; };
  const bool had_terminal = std::erase_if(options.to, to_terminal) > 0;
  const bool has_syslog = std::find(options.to.begin(), options.to.end(), "syslog") != options.to.end();
  if (had_terminal && !has_syslog) options.to.emplace_back("syslog");
  return options;
}

/// A broker that runs: everything that lives between the configuration and the exit code.
/// Members in the order of their making; destroyed the other way round, the log last.
class Running {
 public:
  Running(const Cli& cli, config::Loaded loaded) : cli_(cli), syntax_(loaded.syntax), options_(std::move(loaded.options)) {}
  ~Running() {
    sinks_.topic().end();
    stop_plugins();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  int run(Daemon& daemon, bool loopback_only);

 private:
  /// Everything up to the moment when clients may come; says why that cannot be.
  std::string start(bool loopback_only);
  void log_start(bool loopback_only, std::uint64_t descriptors);
  int fail(const std::string& why_not);
  void serve();
  Result<void, std::string> start_control();
  Result<void, std::string> load_plugins();
  void stop_plugins();
  control::Reloaded reload();
  std::string reread_files();
  void watch_files();
  Result<std::shared_ptr<broker::Keeper>, std::string> open_store();
  Result<void, std::string> give_files();
  Result<void, std::string> open_key_log();
  void save();
  void write_summary();
  void redirect();
  void look_after();
  void stop();

  const Cli& cli_;
  const config::Syntax syntax_;
  config::Options options_;  // as configured; -v, -q and -d are applied when the log is set up
  Signals signals_;
  Orders orders_;
  LogSinks sinks_;
  log::Logger log_ = sinks_.logger(log::Module::app);
  LifeLines life_{log_, std::string{version()}};
  SystemClock clock_;
  PidFile pid_file_;
  Privileges privileges_;
  WatchFiles watched_;  // certificates, passwords, rules
  PluginActions plugin_actions_;
  std::unique_ptr<plugin::Plugins> plugins_;  // or none; outlives the guard and the server, which ask it
  std::unique_ptr<auth::Guard> guard_;  // outlives the server
  std::shared_ptr<const filter::KeyLog> key_log_;  // or none
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<TreeLines> tree_;  // asks the server's shards
  std::unique_ptr<control::EngineOperations> store_operations_;  // of the server's keeper
  std::unique_ptr<control::Server> control_;  // asks the server's shards
  Milliseconds watchdog_ = systemd::watchdog_interval();
  MonoTime next_alive_{};
  std::uint64_t dropped_told_ = 0;
};

int Running::run(Daemon& daemon, bool loopback_only) {
  if (const std::string why_not = start(loopback_only); !why_not.empty()) return fail(why_not);
  daemon.ready();
  systemd::notify_ready();
  serve();
  stop();
  return kExitOk;
}

std::string Running::start(bool loopback_only) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  const config::Log log_wanted = log_options(cli_, options_.log);
  set_levels(sinks_.levels(), log_wanted);
  if (std::string why_not = sinks_.configure(log_wanted); !why_not.empty()) return why_not;
  log_start(loopback_only, descriptors);
  if (!options_.pid_file.empty()) {
    if (std::string why_not = pid_file_.write(options_.pid_file); !why_not.empty()) return why_not;
  }
  const bool or_nobody = syntax_ == config::Syntax::mosquitto && options_.defence.user == kMosquittosUser;
  if (const auto known = privileges_.resolve(options_.defence.user, or_nobody); !known) return known.error();
  if (!privileges_.note().empty()) log_.warning("{}", privileges_.note());
  if (const auto given = give_files(); !given) return given.error();
  if (const auto opened = open_key_log(); !opened) return opened.error();
  watch_files();
  if (const auto loaded = load_plugins(); !loaded) return loaded.error();
  auto guard = auth::Guard::open(options_, clock_, sinks_.logger(log::Module::auth), guests_of(plugins_.get(), options_));
  if (!guard) return joined(guard.error());
  guard_ = std::move(*guard);
  auto keeper = open_store();
  if (!keeper) return keeper.error();
  server_ = std::make_unique<net::Server>(
      net::Server::Parts{std::make_shared<const config::Options>(options_), sinks_.logger(log::Module::net),
                         &clock_, std::string{version()}, std::move(*keeper), guard_.get(), key_log_});
  tree_ = std::make_unique<TreeLines>(server_->core(), orders_, log_);
  if (plugins_) {
    server_->core().events = plugins_->events();
    plugin_actions_.begin(server_->core());
  }
  if (const auto bound = server_->listen(systemd::inherited_sockets()); !bound) return bound.error();
  if (const auto dropped = privileges_.drop(); !dropped) return dropped.error();
  if (const auto restored = server_->restore(); !restored) return restored.error();
  if (const auto started = start_control(); !started) return started.error();
  server_->start();
  sinks_.topic().begin(server_->core());
  life_.ready(::getpid());
  return {};
}

/// Before anything asks them, and before privileges are dropped: their files may be for root's eyes only.
Result<void, std::string> Running::load_plugins() {
  auto loaded = plugin::Plugins::load(options_.plugins, clock_, sinks_.logger(log::Module::auth), plugin_actions_);
  if (!loaded) return Failure{joined(loaded.error())};
  plugins_ = std::move(*loaded);
  const auto keyless = listeners_without_keys(plugins_.get(), options_);
  if (!keyless.empty() && syntax_ == config::Syntax::toml) return Failure{joined(keyless) + ": write psk_file"};
  for (const auto& problem : keyless) log_.warning("{}: nobody gets in", problem);
  for (const auto& section : options_.plugins) {
    if (!plugins_->judges_receiving("plugin:" + section.name)) continue;
    return Failure{"plugin '" + section.name + "': it wants to judge each delivery (TOMBO_PLUGIN_JUDGES_RECEIVING), which this tombo does not ask for: use on_deliver"};
  }
  return {};
}

/// While what they call, and what takes their answers, is still there.
void Running::stop_plugins() {
  if (plugins_) plugins_->stop();
  plugin_actions_.end();
}

/// The store, made as the user that the broker becomes, or none.
Result<std::shared_ptr<broker::Keeper>, std::string> Running::open_store() {
  std::shared_ptr<broker::Keeper> keeper;
  if (options_.persistence.directory.empty()) return keeper;
  // Its file may be for root's eyes only.
  const auto import = StoreImport::read(options_.persistence, sinks_.logger(log::Module::store));
  if (!import) return Failure{import.error()};
  if (auto given = privileges_.give(options_.persistence.directory); !given) return Failure{given.error()};
  if (auto lowered = privileges_.lower(); !lowered) return Failure{lowered.error()};
  const auto logger = sinks_.logger(log::Module::store);
  const auto written = import->write(clock_.unix_seconds(), logger);
  Result<std::unique_ptr<broker::Keeper>, std::string> opened = Failure{std::string{}};
  if (written) {
    opened = broker::Keeper::open(options_, clock_, logger);
  } else {
    opened = Failure{written.error()};
  }
  if (auto raised = privileges_.raise(); !raised) return Failure{raised.error()};
  if (!opened) return Failure{opened.error()};
  keeper = std::move(*opened);
  return keeper;
}

/// What root has made so far, and what must be opened again later.
Result<void, std::string> Running::give_files() {
  for (const std::string& to : options_.log.to) {
    if (!to.starts_with("file:")) continue;
    if (auto given = privileges_.give_file(to.substr(5)); !given) return given;
  }
  return options_.pid_file.empty() ? Result<void, std::string>{} : privileges_.give_file(options_.pid_file);
}

Result<void, std::string> Running::open_key_log() {
  if (cli_.tls_keylog.empty()) return {};
  auto opened = filter::KeyLog::open(cli_.tls_keylog);
  if (!opened) return Failure{opened.error()};
  key_log_ = std::move(*opened);
  log_.warning("secrets of TLS connections are written to {}: whoever has this file can read recordings of them", cli_.tls_keylog);
  return {};
}

/// Before they are read: what changes while they are is read once more.
void Running::watch_files() {
  std::vector<std::string> files = auth::Guard::files(options_);
  for (auto& file : net::Server::files(options_)) files.push_back(std::move(file));
  watched_.watch(files);
}

/// Certificates, passwords and rules anew, because of SIGHUP or since one has changed.  What cannot be read stays as it
/// was; the first problem is returned.
std::string Running::reread_files() {
  std::string problem;
  if (const auto read = guard_->reload(options_); !read) {
    for (const auto& each : read.error()) log_.error("{}", each);
    log_.error("who may come in and what clients may do stays as it was");
    problem = read.error().front();
  } else {
    server_->rights_changed();
  }
  const std::string listeners = server_->reread_files();
  if (problem.empty()) problem = listeners;
  return problem;
}

/// Its questions wait until the shards run.
Result<void, std::string> Running::start_control() {
  if (options_.control.socket.empty()) return {};
  if (auto* keeper = server_->keeper()) store_operations_ = std::make_unique<control::EngineOperations>(keeper->engine());
  control_ = std::make_unique<control::Server>(control::Server::Parts{
      server_->core(), log_, &sinks_.levels(), [this](std::function<void(control::Reloaded)> tell) {
        orders_.post([this, tell = std::move(tell)] { tell(reload()); });
      }, {}, store_operations_.get(), guard_.get()});
  const unsigned mode = options_.control.mode == "0660" ? 0660 : 0600;
  auto started = control_->start(options_.control.socket, mode);
  if (started) log_.info("tomboctl is answered socket={} mode={}", options_.control.socket, options_.control.mode);
  return started;
}

void Running::log_start(bool loopback_only, std::uint64_t descriptors) {
  life_.set(options_.log.wording);
  life_.starts(cli_.file);
  if (cli_.file.empty()) {
    log_.info(
        "no configuration file: listening on the loopback addresses only, anonymous clients are allowed");
  }
  if (loopback_only) log_.info("this machine has no IPv6 loopback: listening on 127.0.0.1 only");
  log_.debug("limits open_files={} journald={}", descriptors, systemd::built_in());
  const std::uint64_t needed = descriptors_needed(options_.limits.connections_max);
  if (descriptors < needed) {
    log_.warning("the system allows {} open files, limits.connections_max={} would need {}", descriptors,
                 options_.limits.connections_max, needed);
  }
}

int Running::fail(const std::string& why_not) {
  log_.error("{}", why_not);
  // Whoever started us looks at the terminal, wherever the log goes.
  const std::vector<std::string> to = log_options(cli_, options_.log).to;
  const bool seen = log_.enabled(log::Level::error) &&
                    std::any_of(to.begin(), to.end(),
                                [](const std::string& name) { return name == "stdout" || name == "stderr"; });
  if (!seen) std::fprintf(stderr, "tombo: %s\n", why_not.c_str());
  return kExitFailure;
}

void Running::serve() {
  constexpr Milliseconds kLookAfter{1'000};
  const Milliseconds pause = watchdog_.count() > 0 ? std::min(kLookAfter, watchdog_ / 4) : kLookAfter;
  for (;;) {
    switch (signals_.wait(pause, orders_.descriptor())) {
      case Request::stop:
        return;
      case Request::reload:
        reload();
        break;
      case Request::save:
        save();
        break;
      case Request::summary:
        write_summary();
        tree_->begin(clock_.mono());
        break;
      case Request::redirect:
        redirect();
        break;
      case Request::orders:
        orders_.run();
        break;
      case Request::none:
        break;
    }
    look_after();
  }
}

control::Reloaded Running::reload() {
  control::Reloaded outcome;
  systemd::notify_reloading();
  life_.reloads();
  if (const std::string why_not = sinks_.reopen(); !why_not.empty()) log_.error("{}", why_not);
  if (const OptionsPtr next = reloaded(cli_, options_, log_, outcome)) {
    const config::Log log_wanted = log_options(cli_, next->log);
    set_levels(sinks_.levels(), log_wanted);
    if (const std::string why_not = sinks_.configure(log_wanted); !why_not.empty()) {
      log_.error("{}; the log goes where it went", why_not);
    }
    options_ = *next;
    life_.set(options_.log.wording);
    server_->reload(next);
  }
  // Those of Mosquitto's interface hear of a reload that changes nothing, too.
  if (plugins_ && outcome.good) {
    for (const auto& problem : plugins_->reload(options_.plugins)) log_.error("{}", problem);
  }
  for (const auto& problem : listeners_without_keys(plugins_.get(), options_)) log_.warning("{}: nobody gets in", problem);
  if (outcome.good) {
    watch_files();
    outcome.problem = reread_files();
  }
  outcome.good = outcome.good && outcome.problem.empty();
  systemd::notify_ready();
  return outcome;
}

void Running::save() {
  broker::Keeper* keeper = server_->keeper();
  if (keeper == nullptr) return life_.keeps_nothing();
  life_.saves(options_.persistence.directory);
  keeper->save([this](bool done) { orders_.post([this, done] { life_.saved(done); }); });
}

void Running::write_summary() {
  const std::string text = server_->summary();
  for (std::string_view rest{text}; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    log_.info("{}", rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void Running::redirect() {
  if (options_.redirect.server_reference.empty()) {
    return log_.warning("asked to redirect clients, but server_reference in [redirect] is not set");
  }
  log_.info("redirecting clients server_reference={}", options_.redirect.server_reference);
  server_->redirect_clients();
}

/// Once in a while: is every shard alive, were log lines lost?
void Running::look_after() {
  tree_->go_on(clock_.mono());
  if (watchdog_.count() > 0 && clock_.mono() >= next_alive_) {
    next_alive_ = clock_.mono() + watchdog_ / 4;
    const int seconds = std::max(1, static_cast<int>(watchdog_.count() / 2'000));
    if (server_->alive(seconds)) {
      systemd::notify_alive();
    } else {
      log_.error("a shard has not turned its loop for {} s; systemd is not told that we live", seconds);
    }
  }
  if (watched_.take()) {
    log_.info("files that decide who may come in have changed: they are read again");
    reread_files();
  }
  const std::uint64_t dropped = sinks_.dropped();
  if (dropped == dropped_told_) return;
  log_.warning("log lines were dropped because nobody took them lines={}", dropped - dropped_told_);
  dropped_told_ = dropped;
}

void Running::stop() {
  systemd::notify_stopping();
  life_.stops(options_.stop_deadline_s);
  signals_.let_stop_end_at_once();
  control_.reset();
  sinks_.topic().end();
  server_->stop();
  stop_plugins();
  guard_->close();
  tree_.reset();
  server_.reset();
  life_.has_stopped();
}

}  // namespace

int Application::run() {
  if (cli_.action == Cli::Action::print_options_markdown) return print(config::print_markdown());
  if (cli_.action == Cli::Action::print_shipped_config) return print(config::print_shipped());
  if (cli_.action == Cli::Action::print_mosquitto_markdown) return print(config::print_mosquitto_markdown());

  config::Loaded loaded = options_from(cli_);
  print_problems(loaded);
  if (cli_.action == Cli::Action::test_config) return test_config(cli_, loaded);
  if (!loaded.ok()) return configuration_exit(loaded);
  if (cli_.action == Cli::Action::print_config) return print(config::print_toml(loaded.options));

  const bool loopback_only = !loaded.listeners_given && drop_missing_ipv6(loaded.options);
  Daemon daemon;
  if (cli_.daemon && !daemon.detach()) {
    std::fputs("tombo: the system lets no background process be made\n", stderr);
    return kExitFailure;
  }
  Running running{cli_, std::move(loaded)};
  return running.run(daemon, loopback_only);
}

}  // namespace tombo::app
