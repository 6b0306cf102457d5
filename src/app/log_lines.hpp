#pragma once

#include "base/log.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace tombo::app {

/// What happened, on its way to a line of the log.
struct LogEvent {
  std::chrono::system_clock::time_point time;
  log::Level level;
  std::string_view module;
  std::string_view message;
  log::Type type = log::Type::information;
};

/// "2026-01-31T12:00:00.123Z info broker: message", ended by a line feed.
std::string text_line(const LogEvent& event, bool timestamps);
/// "1795410325: message" as Mosquitto writes it, ended by a line feed.  Our own lines begin in lower case and do not say that
/// they are warnings or errors; here they do.
std::string mosquitto_line(const LogEvent& event, bool timestamps);
/// A JSON object with time, level, module and message, ended by a line feed.
std::string json_line(const LogEvent& event);
/// The message with line ends and other control characters written out, so that what a client sends cannot
/// begin a line of its own or steer a terminal.
std::string one_line(std::string_view message);
/// The priority of syslog and journald for a type.
int priority_of(log::Type type);

}  // namespace tombo::app
