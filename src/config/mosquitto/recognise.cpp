#include "config/mosquitto/recognise.hpp"

#include "config/mosquitto/directive.hpp"

#include <cstddef>

namespace tombo::config {

namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos ? std::string_view{}
                                         : text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

/// What one line can only be; by_content where it may be either.
Syntax syntax_of(std::string_view line) {
  if (line.empty() || line.starts_with('#')) return Syntax::by_content;
  if (line.starts_with('[')) return Syntax::toml;
  const std::size_t end = line.find_first_of(" \t=");
  if (end == std::string_view::npos) return Syntax::by_content;
  const std::string_view value = trimmed(line.substr(end));
  if (value.starts_with('=')) return Syntax::toml;
  return mosquitto::find_directive(line.substr(0, end)) != nullptr ? Syntax::mosquitto : Syntax::by_content;
}

}  // namespace

Syntax recognise_syntax(std::string_view text, std::string_view name) {
  std::ptrdiff_t lead = 0;  // of lines in Mosquitto's syntax
  bool told = false;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const Syntax syntax = syntax_of(trimmed(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (syntax == Syntax::by_content) continue;
    told = true;
    lead += syntax == Syntax::mosquitto ? 1 : -1;
  }
  if (!told) return name.ends_with(".conf") ? Syntax::mosquitto : Syntax::toml;
  return lead > 0 ? Syntax::mosquitto : Syntax::toml;
}

}  // namespace tombo::config
