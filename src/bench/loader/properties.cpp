#include "bench/loader/properties.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tombo::bench::loader {

namespace {

constexpr std::string_view kBlank = " \t\f";

void add_utf8(std::string& text, std::uint32_t point) {
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0 | (point >> 6));
    text += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    text += static_cast<char>(0xE0 | (point >> 12));
    text += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (point & 0x3F));
  }
}

/// The character after a backslash at `at`; moves `at` to its last character.
void add_escape(std::string& text, std::string_view line, std::size_t& at) {
  ++at;
  if (at >= line.size()) return;
  switch (line[at]) {
    case 't':
      text += '\t';
      return;
    case 'n':
      text += '\n';
      return;
    case 'r':
      text += '\r';
      return;
    case 'f':
      text += '\f';
      return;
    case 'u': {
      std::uint32_t point = 0;
      const std::string_view digits = line.substr(at + 1, 4);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), point, 16);
      if (error == std::errc{} && end == digits.data() + 4) {
        add_utf8(text, point);
        at += 4;
        return;
      }
      break;
    }
    default:
      break;
  }
  text += line[at];
}

/// Whether an odd number of backslashes ends the line: the next one belongs to it.
bool goes_on(std::string_view line) {
  std::size_t count = 0;
  while (count < line.size() && line[line.size() - 1 - count] == '\\') ++count;
  return count % 2 == 1;
}

std::string_view without_blanks_in_front(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text;
}

Property property_of(std::string_view line, int number) {
  Property property;
  property.line = number;
  std::size_t at = 0;
  for (; at < line.size() && line[at] != '=' && line[at] != ':' && kBlank.find(line[at]) == std::string_view::npos;
       ++at) {
    if (line[at] == '\\') {
      add_escape(property.key, line, at);
    } else {
      property.key += line[at];
    }
  }
  line = without_blanks_in_front(line.substr(std::min(at, line.size())));
  if (!line.empty() && (line[0] == '=' || line[0] == ':')) line = without_blanks_in_front(line.substr(1));
  for (at = 0; at < line.size(); ++at) {
    if (line[at] == '\\') {
      add_escape(property.value, line, at);
    } else {
      property.value += line[at];
    }
  }
  property.value.erase(property.value.find_last_not_of(" \t\f\r\n") + 1);
  return property;
}

}  // namespace

std::vector<Property> read_properties(std::string_view text) {
  std::vector<Property> properties;
  int number = 0;
  const auto next_line = [&] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return without_blanks_in_front(line);
  };
  while (!text.empty()) {
    const std::string_view first = next_line();
    const int begins = number;
    if (first.empty() || first[0] == '#' || first[0] == '!') continue;
    std::string line{first};
    while (goes_on(line)) {
      line.pop_back();
      if (text.empty()) break;
      line += next_line();
    }
    properties.push_back(property_of(line, begins));
  }
  return properties;
}

}  // namespace tombo::bench::loader
