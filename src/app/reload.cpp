#include "app/reload.hpp"

#include "app/options_from.hpp"
#include "config/load.hpp"

namespace tombo::app {

namespace {

void log_problems(const config::Loaded& loaded, const log::Logger& log) {
  for (const config::Problem& problem : loaded.problems) {
    if (problem.severity == config::Problem::Severity::error) {
      log.error("{}", in_one_line(problem));
    } else {
      log.warning("{}", in_one_line(problem));
    }
  }
}

std::string first_error(const config::Loaded& loaded) {
  for (const config::Problem& problem : loaded.problems) {
    if (problem.severity == config::Problem::Severity::error) return in_one_line(problem);
  }
  return {};
}

}  // namespace

std::shared_ptr<const config::Options> reloaded(const Cli& cli, const config::Options& running,
                                                const log::Logger& log, control::Reloaded& outcome) {
  if (cli.file.empty()) {
    outcome.problem = "there is no configuration file";
    log.info("nothing to reload: there is no configuration file");
    return nullptr;
  }
  config::Loaded loaded = options_from(cli);
  log_problems(loaded, log);
  if (!loaded.ok()) {
    outcome.problem = first_error(loaded);
    log.error("configuration not reloaded, the old one stays in force file={}", cli.file);
    return nullptr;
  }
  if (!loaded.listeners_given) drop_missing_ipv6(loaded.options);
  for (const config::Change& change : config::changes(running, loaded.options)) {
    (change.needs_restart ? outcome.need_restart : outcome.changed).push_back(change.key);
    if (change.needs_restart) {
      log.warning("{} needs a restart to change from={} to={}", change.key, change.from, change.to);
    } else {
      log.info("{} changed from={} to={}", change.key, change.from, change.to);
    }
  }
  log.info("configuration reloaded file={} changed={} need_restart={}", cli.file,
           outcome.changed.size(), outcome.need_restart.size());
  outcome.good = true;
  if (outcome.changed.empty()) return nullptr;
  return std::make_shared<const config::Options>(config::reloadable(running, loaded.options));
}

}  // namespace tombo::app
