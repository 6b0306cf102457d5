#include "config/toml_reader.hpp"

#include "base/nearest.hpp"
#include "config/toml_library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace tombo::config {

namespace {

constexpr int kSyntaxErrorsMax = 20;

Place place_of(const toml::source_region& source) {
  return {static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
}
Place place_of(const toml::node& node) {
  return place_of(node.source());
}

std::string describe(const toml::node& node) {
  if (const auto* number = node.as_floating_point()) return fmt::format("the number {}", number->get());
  if (node.is_table()) return "a table";
  if (node.is_array()) return "a list of something else";
  return node.is_integer() || node.is_string() || node.is_boolean() ? "another value" : "a date or time";
}

Raw raw_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return {flag->get()};
  if (const auto* number = node.as_integer()) return {number->get()};
  if (const auto* text = node.as_string()) return {text->get()};
  const auto* array = node.as_array();
  if (array == nullptr) return {Raw::Unusable{describe(node)}};
  std::vector<std::string> texts;
  for (const toml::node& entry : *array) {
    const auto* text = entry.as_string();
    if (text == nullptr) return {Raw::Unusable{describe(node)}};
    texts.push_back(text->get());
  }
  return {std::move(texts)};
}

/// One table of the file into the options of one section.
void read_section(const toml::table& table, Section section, std::size_t listener, Draft& draft) {
  for (const auto& [key, node] : table) {
    const Row* row = find_row(section, key.str());
    if (row == nullptr) {
      draft.unknown_key(section, key.str(), place_of(key.source()));
    } else {
      draft.assign(*row, listener, raw_of(node), place_of(key.source()), place_of(node));
    }
  }
}

void read_repeated(const toml::node& node, const SectionInfo& info, Place key, Draft& draft) {
  const auto* array = node.as_array();
  if (array == nullptr || !array->is_homogeneous<toml::table>()) {
    return draft.error(key, fmt::format("a {} is written {}, with two pairs of brackets: there may be several",
                                        info.name, info.title));
  }
  for (const toml::node& entry : *array) {
    const std::size_t index = draft.add_section(info.section, place_of(entry));
    read_section(*entry.as_table(), info.section, index, draft);
  }
}

void unknown_section(std::string_view name, Place place, Draft& draft) {
  std::vector<std::string_view> names;
  for (const SectionInfo& info : sections()) {
    if (info.section != Section::top) names.push_back(info.name);
  }
  std::string message = fmt::format("unknown section [{}]", name);
  const std::string_view near = nearest(name, names);
  for (const SectionInfo& info : sections()) {
    if (!near.empty() && info.name == near) message += fmt::format("; did you mean {}?", info.title);
  }
  draft.error(place, std::move(message));
}

/// A key at the top of the file that holds one or more tables: a section.
void read_table(const toml::key& key, const toml::node& node, Draft& draft) {
  const Place place = place_of(key.source());
  const auto known = std::find_if(sections().begin(), sections().end(), [&](const SectionInfo& info) {
    return info.section != Section::top && info.name == key.str();
  });
  if (known == sections().end()) return unknown_section(key.str(), place, draft);
  if (known->repeated) return read_repeated(node, *known, place, draft);
  const auto* table = node.as_table();
  if (table == nullptr) {
    return draft.error(
        place,
        fmt::format("the section {} may be there only once: write it with single brackets", known->title));
  }
  read_section(*table, known->section, 0, draft);
}

bool holds_tables(const toml::node& node) {
  const auto* array = node.as_array();
  return node.is_table() || (array != nullptr && !array->empty() && array->is_homogeneous<toml::table>());
}

void read_document(const toml::table& document, Draft& draft) {
  for (const auto& [key, node] : document) {
    const std::string_view name = key.str();  // clang 14 lets no lambda capture `key` itself
    const Row* row = find_row(Section::top, name);
    const bool names_section =
        std::any_of(sections().begin(), sections().end(),
                    [&](const SectionInfo& info) { return info.section != Section::top && info.name == name; });
    if (row != nullptr) {
      draft.assign(*row, 0, raw_of(node), place_of(key.source()), place_of(node));
    } else if (names_section || holds_tables(node)) {
      read_table(key, node, draft);
    } else {
      draft.unknown_key(Section::top, key.str(), place_of(key.source()));
    }
  }
}

/// Overwrites a line with blanks so that the lines below keep their numbers.  A heading takes its section
/// with it: its keys would be taken for those of the section above.
void blank_out(std::string& text, int line) {
  std::size_t begin = 0;
  for (int i = 1; i < line && begin < text.size(); ++i)
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  const std::size_t first = std::min(text.find_first_not_of(" \t", begin), text.size());
  const bool heading = first < text.size() && text[first] == '[';
  for (std::size_t at = begin; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(end),
              ' ');
    at = end + 1;
    if (!heading || (at < text.size() && text[at] == '[')) return;
  }
}

}  // namespace

void read_toml(std::string_view text, Draft& draft) {
  std::string readable{text};
  int last_line = 0;
  for (int errors = 0; errors <= kSyntaxErrorsMax; ++errors) {
    const toml::parse_result result = toml::parse(std::string_view{readable}, std::string_view{draft.name()});
    if (result) return read_document(result.table(), draft);
    const Place place = place_of(result.error().source());
    draft.error(place, fmt::format("this is no valid TOML: {}", result.error().description()));
    // Something that begins above, such as an open text, would only yield errors that mean nothing.
    if (place.line <= last_line) return;
    last_line = place.line;
    blank_out(readable, place.line);
  }
}

}  // namespace tombo::config
