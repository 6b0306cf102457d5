#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

constexpr std::array<std::string_view, 6> kLevels{"trace", "debug", "info", "warning", "error", "off"};

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  list<&Log::to>("to", {1, 8}, kLive, "Where lines go: stdout, stderr, file:PATH (opened anew on SIGHUP), syslog, journald, topic ($SYS/broker/log/N and its like)."),
  text<&Log::level>("level", 16, kLive, "Lowest level that is logged.").one_of(kLevels),
  list<&Log::modules>("modules", {0, 32}, kLive, "Levels of single modules, such as \"net=debug\"; the modules are broker, net, auth, store, config and app."),
  list<&Log::types>("types", {0, 16}, kLive, "Kinds of lines that are written, instead of those from a level on: error, warning, notice, information, debug, subscribe, unsubscribe or all; the levels of modules that are named hold besides."),
  choice<&Log::format>("format", kLive, "A line of text or a JSON object for each event."),
  flag<&Log::timestamps>("timestamps", kLive, "Begin text lines with the time."),
  choice<&Log::wording>("wording", kLive, "Wording of the lines about clients: tombo's, or Mosquitto's for scripts that look for it."),
  text<&Log::timestamp_format>("timestamp_format", 128, kLive, "Form of the time in a line, as strftime(3) has it; empty means ISO 8601 with milliseconds."),
  flag<&Log::connections>("connections", kLive, "Log a line for each connect and disconnect."),
});
// clang-format on

}  // namespace

std::span<const Row> log_rows() {
  return kRows;
}

}  // namespace tombo::config
