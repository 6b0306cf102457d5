#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <charconv>
#include <functional>

namespace tombo::config::mosquitto {

namespace {

constexpr std::string_view kBlanks = " \t";

std::string range_of(const Directive& directive) {
  if (!directive.unlimited || directive.unlimited->at_most < directive.min) {
    return fmt::format("between {} and {}", directive.min, directive.max);
  }
  return fmt::format("between {} and {}", directive.unlimited->at_most, directive.max);
}

/// Does something with the option of a directive, for the listener, bridge or broker that it belongs to.
void with_target(Reading& reading, const Line& line, const std::function<void(const Row&, std::size_t)>& action) {
  const Row* row = row_of(*line.directive);
  if (row == nullptr) return;
  switch (line.directive->scope) {
    case Scope::listener:
      return action(*row, reading.listener());
    case Scope::plugin:
      if (reading.where.plugin) return action(*row, *reading.where.plugin);
      return reading.draft.error(line.name_at, fmt::format("'{}' belongs to a plugin, but there is none above it", line.name));
    case Scope::bridge:
      if (const auto bridge = reading.bridge(line)) action(*row, *bridge);
      return;
    default:
      return action(*row, 0);
  }
}

void store(Reading& reading, const Line& line, const Raw& raw) {
  const Row* row = row_of(*line.directive);
  if (row == nullptr) return;
  if (line.directive->scope == Scope::listeners) {
    return reading.hold_for_all(row->key, raw, line);
  }
  with_target(reading, line,
              [&](const Row& target, std::size_t index) { reading.set(target.section, target.key, index, raw, line); });
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view value) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = value.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    value.remove_prefix(begin);
    words.push_back(value.substr(0, value.find_first_of(kBlanks)));
    value.remove_prefix(words.back().size());
  }
}

std::string_view only_word(Reading& reading, const Line& line) {
  const std::string_view word = line.value.substr(0, line.value.find_first_of(kBlanks));
  if (word.size() == line.value.size()) return word;
  const std::string_view rest = words_of(line.value)[1];
  reading.warning(line, rest.starts_with('#')
                            ? fmt::format("a comment stands on a line of its own; what follows '{}' is not read", word)
                            : fmt::format("'{}' takes one word; what follows '{}' is not read", line.name, word));
  return word;
}

std::optional<bool> flag_of(Reading& reading, const Line& line) {
  const std::string_view word = only_word(reading, line);
  if (word == "true" || word == "1") return true;
  if (word == "false" || word == "0") return false;
  reading.error(line, fmt::format("'{}' wants true or false, but is '{}'", line.name, word));
  return std::nullopt;
}

std::optional<std::int64_t> parse_number(std::string_view word) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (failed != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> number_of(Reading& reading, const Line& line) {
  const Directive& directive = *line.directive;
  const std::string_view word = only_word(reading, line);
  const auto number = parse_number(word);
  if (!number) {
    reading.error(line, fmt::format("'{}' wants a whole number {}, but is '{}'", line.name, range_of(directive), word));
    return std::nullopt;
  }
  if (directive.unlimited && *number <= directive.unlimited->at_most) return number;
  if (*number >= directive.min && *number <= directive.max) return number;
  reading.error(line, fmt::format("'{}' is {} but must be {}", line.name, *number, range_of(directive)));
  return std::nullopt;
}

void take_flag(Reading& reading, const Line& line) {
  if (const auto flag = flag_of(reading, line)) store(reading, line, {*flag});
}

void take_flag_inverted(Reading& reading, const Line& line) {
  if (const auto flag = flag_of(reading, line)) store(reading, line, {!*flag});
}

void take_number(Reading& reading, const Line& line) {
  const auto number = number_of(reading, line);
  if (!number) return;
  const auto& unlimited = line.directive->unlimited;
  const auto wanted =
      unlimited && *number <= unlimited->at_most ? unlimited->becomes : static_cast<std::uint64_t>(*number);
  if (line.directive->scope == Scope::listeners) return store(reading, line, {static_cast<std::int64_t>(wanted)});
  with_target(reading, line, [&](const Row& row, std::size_t index) {
    reading.set_number(row.section, row.key, index, wanted, line);
  });
}

void take_text(Reading& reading, const Line& line) {
  with_target(reading, line,
              [&](const Row& row, std::size_t index) { reading.set_text(row.section, row.key, index, line); });
}

void take_entry(Reading& reading, const Line& line) {
  with_target(reading, line, [&](const Row& row, std::size_t index) {
    auto entries = std::get<std::vector<std::string>>(row.get(object_of(reading.draft.options, row.section, index)));
    entries.emplace_back(line.value);
    reading.set(row.section, row.key, index, {std::move(entries)}, line);
  });
}

void take_without_effect(Reading& reading, const Line& line) {
  reading.draft.warning(line.name_at, fmt::format("'{}' has no effect: {}", line.name, line.directive->what));
}

void take_refused(Reading& reading, const Line& line) {
  reading.draft.error(line.name_at, fmt::format("'{}' is not offered: {}", line.name, line.directive->what));
}

}  // namespace tombo::config::mosquitto
