#include "bench/loader/command.hpp"

#include "bench/loader/config.hpp"
#include "bench/loader/console.hpp"
#include "bench/loader/ntp.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

namespace tombo::bench::loader {

namespace {

namespace fs = std::filesystem;

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

class Log {
 public:
  explicit Log(LogLevel level) : level_(level) {}

  void severe(std::string_view text) const { write(LogLevel::severe, "SEVERE", text); }
  void warning(std::string_view text) const { write(LogLevel::warning, "WARNING", text); }
  void info(std::string_view text) const { write(LogLevel::info, "INFO", text); }
  void fine(std::string_view text) const { write(LogLevel::all, "FINE", text); }

 private:
  void write(LogLevel level, std::string_view name, std::string_view text) const {
    if (level <= level_) fmt::print(stderr, "{}\n", log_line(now_us(), name, text));
  }
  LogLevel level_;
};

int ended(ExitCode code) {
  return static_cast<int>(code);
}

/// Clock and record file; false when something is in the way.
bool prepare(Plan& plan, const Config& config, const Log& log) {
  if (!config.ntp.empty()) {
    const auto offset = ntp_offset_us(config.ntp);
    if (!offset) {
      log.severe(offset.error());
      return false;
    }
    plan.clock_offset_us = *offset;
    log.info(fmt::format("Clock offset to {}: {} us", config.ntp, *offset));
  }
  if (config.output.empty()) return true;
  std::error_code error;
  fs::create_directories(config.output, error);
  if (error) {
    log.severe(fmt::format("cannot make the output directory {}: {}", config.output, error.message()));
    return false;
  }
  plan.record_file = (fs::path{config.output} / record_name(now_us())).string();
  log.info(fmt::format("Output file: {}", *plan.record_file));
  return true;
}

}  // namespace

int run_loader(const std::string& config_file, const OutputOptions& outputs, const Runner& run,
               const std::atomic<bool>& stop) {
  const Loaded loaded = load_config(config_file);
  for (const Problem& problem : loaded.problems) fmt::print(stderr, "{}\n", to_text(problem));
  if (!loaded.ok()) return ended(ExitCode::bad_options);
  const Config& config = loaded.config;
  const Log log(config.log_level);
  Plan plan = plan_of(config);
  if (!prepare(plan, config, log)) return ended(ExitCode::bad_options);
  log.info(fmt::format("Starting mqttloader: {}:{}, {} publishers, {} subscribers", plan.target.host, plan.target.port,
                       config.num_publishers, config.num_subscribers));
  const RunResult result = run(plan, stop, [&](const Second& s, const Report&) {
    log.fine(fmt::format("published {} received {} errors {}", config.qos_publisher > 0 ? s.acknowledged : s.sent,
                         s.received, s.errors));
  });
  for (const RunError& error : result.errors) log.severe(error.text);
  if (result.report.seconds.empty() && !result.errors.empty()) return ended(result.errors.front().code);
  for (const std::string& problem : result.report.problems) log.warning(problem);
  if (result.report.interrupted) log.warning("Interrupted: what follows is of the time until then");
  log.info("Measurement ended");
  if (!outputs.quiet) fmt::print("\n{}", summary(result.report, config));
  OutputOptions files = outputs;
  files.quiet = true;  // the standard output is MQTTLoader's
  const auto unwritten = write_outputs(result.report, files);
  for (const std::string& error : unwritten) log.severe(error);
  if (!unwritten.empty()) return ended(ExitCode::bad_options);
  return ended(exit_code_of(result));
}

}  // namespace tombo::bench::loader
