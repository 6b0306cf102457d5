#include "config/draft.hpp"

#include "base/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace tombo::config {

namespace {

/// "'port' in [[listener]]"
std::string label(const Row& row) {
  if (row.section == Section::top) return fmt::format("'{}'", row.key);
  return fmt::format("'{}' in {}", row.key, info_of(row.section).title);
}

std::string describe(const Raw& raw) {
  struct {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return fmt::format("the number {}", value); }
    std::string operator()(const std::string& value) const { return fmt::format("the text \"{}\"", value); }
    std::string operator()(const std::vector<std::string>&) const { return "a list"; }
    std::string operator()(const Raw::Unusable& value) const { return value.what; }
  } in_words;
  return std::visit(in_words, raw.value);
}

std::string wanted(const Row& row) {
  switch (row.type) {
    case Type::flag:
      return "true or false";
    case Type::number:
      return row.word.empty() ? "a whole number" : fmt::format("a whole number or \"{}\"", row.word);
    case Type::size:
      return "a number of bytes or a text such as \"64MiB\"";
    case Type::text:
      return "a text in quotes";
    case Type::choice:
      return "one of its names in quotes";
    case Type::list:
      return "a list of texts";
  }
  return {};
}

std::string example(const Row& row) {
  const Value usual = default_of(row);
  const auto* text = std::get_if<std::string>(&usual);
  const auto* texts = std::get_if<std::vector<std::string>>(&usual);
  if (text != nullptr && text->empty()) return fmt::format("{} = \"text\"", row.key);
  if (texts != nullptr && texts->empty()) return fmt::format("{} = [\"net=debug\"]", row.key);
  return fmt::format("{} = {}", row.key, to_toml(row, usual));
}

std::string wrong_type(const Row& row, const Raw& raw) {
  return fmt::format("{} wants {}, for example {}, but is {}", label(row), wanted(row), example(row), describe(raw));
}

std::string out_of_bounds(const Row& row, std::string_view found) {
  return fmt::format("{} is {} but must be {}", label(row), found, bounds_of(row));
}

using Checked = std::variant<Value, std::string>;  // the value, or what is wrong

Checked check_number(const Row& row, const Raw& raw) {
  std::uint64_t number = 0;
  std::string written;
  if (const auto* integer = std::get_if<std::int64_t>(&raw.value)) {
    written = fmt::format("{}", *integer);
    if (*integer < 0) return out_of_bounds(row, written);
    number = static_cast<std::uint64_t>(*integer);
  } else if (const auto* text = std::get_if<std::string>(&raw.value)) {
    written = fmt::format("\"{}\"", *text);
    if (!row.word.empty() && *text == row.word) return Value{row.word_value};
    if (row.type != Type::size || !parse_size(*text, number)) return wrong_type(row, raw);
  } else {
    return wrong_type(row, raw);
  }
  if (number < row.min || number > row.max) return out_of_bounds(row, written);
  return Value{number};
}

Checked check_text(const Row& row, const Raw& raw) {
  const auto* text = std::get_if<std::string>(&raw.value);
  if (text == nullptr) return wrong_type(row, raw);
  if (!row.choices.empty() && std::find(row.choices.begin(), row.choices.end(), *text) == row.choices.end()) {
    const std::string_view near = nearest(*text, row.choices);
    return out_of_bounds(row, fmt::format("\"{}\"", *text)) +
           (near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
  }
  if (row.choices.empty() && text->size() > row.max) {
    return fmt::format("{} has {} bytes but may have {} at most", label(row), text->size(), row.max);
  }
  return Value{*text};
}

Checked check_list(const Row& row, const Raw& raw) {
  const auto* texts = std::get_if<std::vector<std::string>>(&raw.value);
  if (texts == nullptr) return wrong_type(row, raw);
  if (texts->size() < row.min || texts->size() > row.max) {
    return fmt::format("{} has {} entries but must have between {} and {}", label(row), texts->size(), row.min,
                       row.max);
  }
  return Value{*texts};
}

Checked check_value(const Row& row, const Raw& raw) {
  switch (row.type) {
    case Type::flag:
      if (const auto* flag = std::get_if<bool>(&raw.value)) return Value{*flag};
      return wrong_type(row, raw);
    case Type::number:
    case Type::size:
      return check_number(row, raw);
    case Type::text:
    case Type::choice:
      return check_text(row, raw);
    case Type::list:
      return check_list(row, raw);
  }
  return wrong_type(row, raw);
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace

Draft::Draft(std::string_view text, std::string name) {
  add_file(text, std::move(name));
}

int Draft::add_file(std::string_view text, std::string name) {
  files_.push_back({std::move(name), split_lines(text)});
  return static_cast<int>(files_.size()) - 1;
}

void Draft::add(Problem::Severity severity, Place place, std::string message) {
  problems.push_back(
      {severity, file_name(place.file), place.line, place.column, std::move(message), std::string{line(place)}});
}

std::string_view Draft::line(Place place) const {
  const std::vector<std::string>& lines = files_[static_cast<std::size_t>(place.file)].lines;
  const auto index = static_cast<std::size_t>(place.line) - 1;
  return place.line < 1 || index >= lines.size() ? std::string_view{} : std::string_view{lines[index]};
}

void Draft::assign(const Row& row, std::size_t listener, const Raw& raw, Place key, Place value) {
  places_[{row.section, listener, std::string{row.key}}] = key;
  Checked checked = check_value(row, raw);
  if (auto* wrong = std::get_if<std::string>(&checked)) return error(value, std::move(*wrong));
  row.set(object_of(options, row.section, listener), std::get<Value>(checked));
}

void Draft::unknown_key(Section section, std::string_view key, Place place) {
  std::vector<std::string_view> here;
  const Row* elsewhere = nullptr;
  for (const Row& row : rows()) {
    if (row.section == section) here.push_back(row.key);
    if (row.section != section && row.key == key && elsewhere == nullptr) elsewhere = &row;
  }
  std::string message =
      fmt::format("unknown key '{}' {} {}", key, section == Section::top ? "at" : "in", info_of(section).title);
  if (elsewhere != nullptr) {
    message += elsewhere->section == Section::top
                   ? "; it belongs at the top of the file, before the first section"
                   : fmt::format("; it belongs in {}", info_of(elsewhere->section).title);
  } else if (const std::string_view near = nearest(key, here); !near.empty()) {
    message += fmt::format("; did you mean '{}'?", near);
  }
  error(place, std::move(message));
}

bool Draft::given(Section section, std::string_view key, std::size_t listener) const {
  return places_.contains({section, listener, std::string{key}});
}

Place Draft::place_of(Section section, std::string_view key, std::size_t listener) const {
  const auto found = places_.find({section, listener, std::string{key}});
  if (found != places_.end()) return found->second;
  const auto whole = places_.find({section, listener, {}});
  return whole != places_.end() ? whole->second : Place{};
}

Loaded finished(Draft draft, bool listeners_given) {
  const auto order = [&draft](const Problem& problem) {
    int file = 0;
    while (draft.file_name(file) != problem.file) ++file;
    return std::tuple{file, problem.line, problem.column};
  };
  std::stable_sort(draft.problems.begin(), draft.problems.end(),
                   [&](const Problem& a, const Problem& b) { return order(a) < order(b); });
  return {std::move(draft.options), std::move(draft.problems), listeners_given, draft.syntax};
}

std::size_t Draft::add_section(Section section, Place place) {
  const std::size_t index = add_to(options, section);
  places_[{section, index, {}}] = place;
  return index;
}

}  // namespace tombo::config
