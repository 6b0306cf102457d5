#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tombo::config::mosquitto {

namespace {

void add_destination(Reading& reading, std::string destination) {
  auto& all = reading.log.destinations;
  if (std::find(all.begin(), all.end(), destination) == all.end()) all.push_back(std::move(destination));
}

void take_destination(Reading& reading, const Line& line) {
  LogNotes& log = reading.log;
  const auto words = words_of(line.value);
  const std::string_view kind = words[0];
  if (!log.first_destination) log.first_destination = line;
  if (kind == "none") {
    log.nowhere = true;
  } else if (kind == "stdout" || kind == "stderr" || kind == "syslog" || kind == "topic") {
    add_destination(reading, std::string{kind});
  } else if (kind == "file") {
    if (words.size() < 2)
      return reading.error(line, "'log_dest file' wants a path: log_dest file /var/log/mosquitto/mosquitto.log");
    const std::string_view path = line.value.substr(static_cast<std::size_t>(words[1].data() - line.value.data()));
    add_destination(reading, fmt::format("file:{}", path));
  } else if (kind == "dlt" || kind == "android") {
    reading.warning(
        line,
        fmt::format("'log_dest {}' has no effect: this machine's log is syslog, which you can name instead", kind));
  } else {
    reading.error(
        line, fmt::format("'log_dest' is '{}', but must be stdout, stderr, syslog, topic, file PATH or none", kind));
  }
}

constexpr std::array<std::string_view, 8> kTypes{"debug",       "error",     "warning",     "notice",
                                                 "information", "subscribe", "unsubscribe", "all"};

void take_type(Reading& reading, const Line& line) {
  LogNotes& log = reading.log;
  const std::string_view type = only_word(reading, line);
  if (!log.first_type) log.first_type = line;
  if (type == "none") {
    log.types.clear();
  } else if (std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end()) {
    if (std::find(log.types.begin(), log.types.end(), type) == log.types.end()) log.types.emplace_back(type);
  } else if (type == "websockets" || type == "internal") {
    reading.warning(line, fmt::format("'log_type {}' has no effect: such lines have a type like all others", type));
  } else {
    reading.error(line, fmt::format("'log_type' is '{}', but must be {} or none", type, fmt::join(kTypes, ", ")));
  }
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("log_dest", Scope::global, "stdout, stderr, syslog, topic, file PATH or none", "log.to, log.level", &take_destination, "Where lines go, several times for several; stderr where it is not written; none is level off; dlt and android have no effect.").but(Fate::partly),
  special("log_type", Scope::global, "debug, information, notice, warning, error, subscribe, unsubscribe, all or none", "log.types, log.level", &take_type, "What is logged; all of information, notice, warning and error where it is not written; none is level off; websockets and internal have no effect.").but(Fate::partly),
  flag("log_timestamp", Scope::global, "log.timestamps", "Lines begin with the time."),
  text("log_timestamp_format", Scope::global, "log.timestamp_format", "Form of the time as strftime has it; seconds since 1970 where it is not written."),
  flag("connection_messages", Scope::global, "log.connections", "A line for each connect and disconnect."),
  without_effect("log_facility", Scope::global, kNumber, "lines go to the syslog facility daemon."),
});
// clang-format on

}  // namespace

std::span<const Directive> log_directives() {
  return kEntries;
}

void finish_log(Reading& reading) {
  const LogNotes& log = reading.log;
  if (log.first_destination && !log.destinations.empty()) {
    reading.set(Section::log, "to", 0, {log.destinations}, *log.first_destination);
  }
  if (log.nowhere && log.destinations.empty()) {
    return reading.set(Section::log, "level", 0, {std::string{"off"}}, *log.first_destination);
  }
  if (!log.first_type) return;
  if (log.types.empty()) return reading.set(Section::log, "level", 0, {std::string{"off"}}, *log.first_type);
  reading.set(Section::log, "types", 0, {log.types}, *log.first_type);
}

}  // namespace tombo::config::mosquitto
