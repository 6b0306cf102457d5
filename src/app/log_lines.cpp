#include "app/log_lines.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <syslog.h>
#include <ctime>

namespace tombo::app {

namespace {

std::string time_text(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::time_point_cast<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(whole)),
                     milliseconds);
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (is_control(c)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string one_line(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (const char c : message) {
    if (is_control(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

int priority_of(log::Type type) {
  switch (type) {
    case log::Type::error:
      return LOG_ERR;
    case log::Type::warning:
      return LOG_WARNING;
    case log::Type::notice:
      return LOG_NOTICE;
    case log::Type::information:
      return LOG_INFO;
    default:
      return LOG_DEBUG;
  }
}

std::string text_line(const LogEvent& event, bool timestamps) {
  const std::string time = timestamps ? time_text(event.time) + " " : std::string{};
  return fmt::format("{}{} {}: {}\n", time, name_of(event.level), event.module, one_line(event.message));
}

std::string mosquitto_line(const LogEvent& event, bool timestamps) {
  std::string line;
  if (timestamps) line = fmt::format("{}: ", std::chrono::system_clock::to_time_t(event.time));
  const bool ours = !event.message.empty() && event.message.front() >= 'a' && event.message.front() <= 'z';
  if (ours && event.type == log::Type::warning) line += "Warning: ";
  if (ours && event.type == log::Type::error) line += "Error: ";
  // Filters stand in lines of their own, moved in.
  const std::size_t tab = event.message.starts_with('\t') ? 1 : 0;
  line += event.message.substr(0, tab);
  return line + one_line(event.message.substr(tab)) + "\n";
}

std::string json_line(const LogEvent& event) {
  return fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"module\":\"{}\",\"message\":{}}}\n",
                     time_text(event.time), name_of(event.level), event.module, json_text(event.message));
}

}  // namespace tombo::app
