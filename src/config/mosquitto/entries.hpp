#pragma once

#include "config/mosquitto/directive.hpp"

#include <array>

// How the entries of the table are written, one file for what belongs together; directives.cpp joins them.

namespace tombo::config::mosquitto {

inline constexpr std::string_view kFlag = "true or false";
inline constexpr std::string_view kNumber = "number";
inline constexpr std::string_view kText = "text";
inline constexpr std::string_view kPath = "path";

// What the usual kinds of values do with the option that `becomes` names.
void take_flag(Reading& reading, const Line& line);
void take_flag_inverted(Reading& reading, const Line& line);
void take_number(Reading& reading, const Line& line);
void take_text(Reading& reading, const Line& line);
/// Another entry of a list.
void take_entry(Reading& reading, const Line& line);
void take_without_effect(Reading& reading, const Line& line);
void take_refused(Reading& reading, const Line& line);

constexpr Directive flag(std::string_view name, Scope scope, std::string_view becomes, std::string_view what) {
  return {name, scope, kFlag, Fate::honoured, becomes, what, &take_flag};
}
constexpr Directive number(std::string_view name, Scope scope, std::string_view becomes, std::int64_t min,
                           std::int64_t max, std::string_view what) {
  return {name, scope, kNumber, Fate::honoured, becomes, what, &take_number, min, max};
}
constexpr Directive text(std::string_view name, Scope scope, std::string_view becomes, std::string_view what) {
  return {name, scope, kText, Fate::honoured, becomes, what, &take_text};
}
constexpr Directive path(std::string_view name, Scope scope, std::string_view becomes, std::string_view what) {
  return {name, scope, kPath, Fate::honoured, becomes, what, &take_text};
}
constexpr Directive entry(std::string_view name, Scope scope, std::string_view becomes, std::string_view what) {
  return {name, scope, kText, Fate::honoured, becomes, what, &take_entry};
}
constexpr Directive special(std::string_view name, Scope scope, std::string_view value, std::string_view becomes,
                            Take take, std::string_view what) {
  return {name, scope, value, Fate::honoured, becomes, what, take};
}
constexpr Directive without_effect(std::string_view name, Scope scope, std::string_view value, std::string_view why) {
  return {name, scope, value, Fate::no_effect, {}, why, &take_without_effect};
}
constexpr Directive refused(std::string_view name, Scope scope, std::string_view value, std::string_view instead) {
  return {name, scope, value, Fate::refused, {}, instead, &take_refused};
}

std::span<const Directive> listener_directives();
std::span<const Directive> tls_directives();
std::span<const Directive> websocket_directives();
std::span<const Directive> security_directives();
std::span<const Directive> plugin_directives();
std::span<const Directive> limit_directives();
std::span<const Directive> session_directives();
std::span<const Directive> persistence_directives();
std::span<const Directive> log_directives();
std::span<const Directive> process_directives();
std::span<const Directive> bridge_directives();
std::span<const Directive> bridge_tls_directives();

}  // namespace tombo::config::mosquitto
