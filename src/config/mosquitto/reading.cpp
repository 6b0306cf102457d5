#include "config/mosquitto/reading.hpp"

#include "base/nearest.hpp"
#include "config/mosquitto/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tombo::config::mosquitto {

namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::size_t kListenersMax = 1'000;
constexpr std::size_t kErrorsMax = 200;  // who has made so many wants to see no more

std::string_view without_blanks_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

/// Splits a line into name and value.  A '#' begins a comment only where nothing stands before it.
std::optional<Line> line_of(std::string_view text, int number, int file) {
  text = without_blanks_behind(text);
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos || text[begin] == '#') return std::nullopt;
  const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
  const std::size_t value = std::min(text.find_first_not_of(kBlanks, end), text.size());
  Line line;
  line.name = text.substr(begin, end - begin);
  line.value = text.substr(value);
  line.name_at = {number, static_cast<int>(begin) + 1, file};
  line.value_at = {number, static_cast<int>(line.value.empty() ? begin : value) + 1, file};
  return line;
}

/// Whether a line for the default listener is a reason for it to be there: Mosquitto looks at what differs from its defaults.
bool opens_default(const Line& line) {
  const std::string_view name = line.directive->name;
  const std::string_view word = words_of(line.value)[0];
  if (!line.directive->opens) return false;
  if (name == "protocol") return word != "mqtt";
  if (name == "max_qos" || name == "maximum_qos") return word != "2";
  if (name == "max_connections") return word != "-1";
  if (name == "allow_zero_length_clientid") return word != "true" && word != "1";
  return word != "false" && (word != "0" || line.directive->value != "true or false");
}

void unknown(Reading& reading, const Line& line) {
  std::vector<std::string_view> names;
  for (const Directive& directive : directives()) names.push_back(directive.name);
  const std::string_view near = nearest(line.name, names);
  std::string message = fmt::format("unknown directive '{}'", line.name);
  if (line.value.starts_with('=')) {
    message += "; a directive and its value are separated by a blank, without '='";
  } else if (!near.empty()) {
    message += fmt::format("; did you mean '{}'?", near);
  }
  reading.draft.error(line.name_at, std::move(message));
}

}  // namespace

Reading::Reading(std::string_view text, const std::string& name) : draft(text, name) {
  draft.syntax = Syntax::mosquitto;
}

std::string_view Reading::keep(std::string text) {
  return texts_.emplace_back(std::move(text));
}

void Reading::read(std::string_view text, int file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const auto line = line_of(text.substr(0, end), number, file);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line) take(*line);
    if (draft.problems.size() < kErrorsMax) continue;
    draft.error({number, 1, file}, "there are too many problems above to go on");
    return;
  }
}

void Reading::take(Line line) {
  line.directive = find_directive(line.name);
  if (line.directive == nullptr) return unknown(*this, line);
  if (line.value.starts_with("= ") || line.value == "=") {
    return error(line, fmt::format("'{}' and its value are separated by a blank, without '='", line.name));
  }
  if (line.value.empty()) {
    return draft.error(line.name_at, fmt::format("'{}' wants a value: {}", line.name, line.directive->value));
  }
  if (!is_utf8(line.name) || !is_utf8(line.value)) {
    return error(line, fmt::format("'{}' is not UTF-8, or holds a control character", line.directive->name));
  }
  if (!keep_for_default(line)) line.directive->take(*this, line);
}

bool Reading::keep_for_default(const Line& line) {
  const Scope scope = line.directive->scope;
  const bool of_listener = scope == Scope::listener || (scope == Scope::security && per_listener);
  if (!of_listener || where.listener || default_listener || opens_default(line)) return false;
  kept_for_default.push_back(line);
  return true;
}

void Reading::make_default_listener() {
  default_listener = add_listener({});
  listeners[*default_listener].by_default = true;
  const Where before = where;
  where.listener.reset();
  for (const Line& line : std::exchange(kept_for_default, {})) line.directive->take(*this, line);
  where = before;
}

std::size_t Reading::add_listener(Place place) {
  if (listeners.size() == kListenersMax)
    draft.error(place, fmt::format("there are more than {} listeners", kListenersMax));
  if (listeners.size() >= kListenersMax) return listeners.size() - 1;
  listeners.emplace_back();
  const std::size_t index = draft.add_section(Section::listener, place);
  draft.options.listeners[index].address = "*";
  draft.options.listeners[index].topic_alias_max = 10;
  return index;
}

std::size_t Reading::listener() {
  if (where.listener) return *where.listener;
  if (!default_listener) make_default_listener();
  return *default_listener;
}

ListenerNotes& Reading::notes() {
  return listeners[listener()];
}

std::optional<std::size_t> Reading::bridge(const Line& line) {
  if (!where.bridge) {
    draft.error(line.name_at,
                fmt::format("'{}' belongs to a bridge, which 'connection NAME' begins; there is none above it{}",
                            line.name, line.name_at.file == 0 ? "" : " in this file"));
  }
  return where.bridge;
}

void Reading::set(Section section, std::string_view key, std::size_t index, const Raw& raw, const Line& line) {
  draft.assign(*find_row(section, key), index, raw, line.value_at, line.value_at);
}

void Reading::hold_for_all(std::string_view key, const Raw& raw, const Line& line) {
  for_all.push_back({key, raw, line});
}

void Reading::set_number(Section section, std::string_view key, std::size_t index, std::uint64_t value,
                         const Line& line) {
  const Row& row = *find_row(section, key);
  const std::uint64_t taken = std::clamp(value, row.min, row.max);
  if (taken != value) {
    warning(line, fmt::format("'{}' is {}, but {} is the {} that tombo offers and holds instead", line.name, value,
                              taken, taken < value ? "most" : "least"));
  }
  set(section, key, index, {static_cast<std::int64_t>(taken)}, line);
}

void Reading::set_text(Section section, std::string_view key, std::size_t index, const Line& line) {
  const Row& row = *find_row(section, key);
  if (draft.given(section, key, index)) {
    const Place before = draft.place_of(section, key, index);
    return error(line, fmt::format("'{}' is written twice: the other stands in line {}{}", line.name, before.line,
                                   before.file == line.name_at.file ? "" : " of " + draft.file_name(before.file)));
  }
  if (row.type == Type::list)
    return set(section, key, index, {std::vector<std::string>{std::string{line.value}}}, line);
  set(section, key, index, {std::string{line.value}}, line);
}

const Row* row_of(const Directive& directive) {
  const std::string_view name = directive.becomes.substr(0, directive.becomes.find(','));
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return find_row(Section::top, name);
  for (const SectionInfo& info : sections()) {
    if (info.section != Section::top && info.name == name.substr(0, dot))
      return find_row(info.section, name.substr(dot + 1));
  }
  return nullptr;
}

}  // namespace tombo::config::mosquitto
