#include "auth/acl/template_filter.hpp"

#include "auth/acl/filter_algebra.hpp"
#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace tombo::auth::acl {

namespace {

using LevelOrWhy = Result<Level, std::string>;

constexpr std::size_t kFilterBytesMax = 65'535;  // what MQTT can send

/// A level of a pattern.  Text around %u would let names run into each other: Mosquitto's manual forbids it.
LevelOrWhy whole_level(std::string_view text) {
  Level level;
  if (text == "%u" || text == "%c") {
    level.kind = Level::Kind::variable;
    level.variable.kind = text == "%u" ? Variable::Kind::user : Variable::Kind::client;
    return level;
  }
  const bool holds_variable = text.find("%u") != text.npos || text.find("%c") != text.npos;
  if (holds_variable) {
    return Failure{fmt::format("%u and %c must be alone in their level, not '{}'; roles_file allows text around them", text)};
  }
  level.text = text;
  return level;
}

/// Reads what follows a '%' that stands at `at`, and moves behind it; the failure says what is wrong.
Result<Variable, std::string> read_variable(std::string_view text, std::size_t& at) {
  const char letter = at + 1 < text.size() ? text[at + 1] : '\0';
  at += 2;
  if (letter == 'u') return Variable{Variable::Kind::user, {}};
  if (letter == 'c') return Variable{Variable::Kind::client, {}};
  if (letter != '{') return Failure{std::string("a '%' begins %u, %c or %{attribute}; write %% for a '%' itself")};
  const std::size_t end = text.find('}', at);
  if (end == text.npos || end == at)
    return Failure{std::string("%{ must be followed by the name of an attribute and }, as in %{cn}")};
  Variable variable{Variable::Kind::attribute, std::string(text.substr(at, end - at))};
  at = end + 1;
  return variable;
}

LevelOrWhy in_level(std::string_view text) {
  Level level;
  std::string* piece = &level.text;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '%') {
      *piece += text[at++];
    } else if (text.substr(at, 2) == "%%") {
      *piece += '%';
      at += 2;
    } else {
      auto variable = read_variable(text, at);
      if (!variable) return Failure{variable.error()};
      // "%u-%c" would mean the same for user "a-b" with client "c" as for user "a" with client "b-c".
      if (level.kind == Level::Kind::variable) {
        return Failure{fmt::format("the level '{}' holds two variables, which could be confused; write a level for each", text)};
      }
      level.kind = Level::Kind::variable;
      level.variable = std::move(*variable);
      piece = &level.suffix;
    }
  }
  return level;
}

LevelOrWhy read_level(std::string_view text, Variables variables) {
  Level level;
  if (text == "+" || text == "#") {
    level.kind = text == "+" ? Level::Kind::plus : Level::Kind::hash;
    return level;
  }
  if (variables == Variables::whole_level) return whole_level(text);
  if (variables == Variables::in_level) return in_level(text);
  level.text = text;
  return level;
}

}  // namespace

Result<TemplateFilter, std::string> TemplateFilter::parse(std::string_view text, Variables variables) {
  if (text.empty()) return Failure{std::string("a topic filter is missing")};
  if (text.size() > kFilterBytesMax) {
    return Failure{fmt::format("the topic filter has {} bytes; MQTT allows {}", text.size(), kFilterBytesMax)};
  }
  if (!mqtt::is_valid_text(text)) return Failure{std::string("the topic filter is no UTF-8 text that MQTT allows")};
  if (text.starts_with("$share/")) {
    return Failure{std::string("rules are written without $share/NAME/: they hold for shared subscriptions, too")};
  }
  if (!mqtt::is_valid_topic_filter(text)) {
    return Failure{fmt::format("'{}' is no topic filter: + and # stand alone between slashes, # only at the end", text)};
  }
  if (mqtt::count_levels(text) > mqtt::kTopicLevelsMax) {
    return Failure{fmt::format("the topic filter has more than {} levels", mqtt::kTopicLevelsMax)};
  }
  TemplateFilter filter;
  LevelReader reader{text};
  while (!reader.done) {
    auto level = read_level(reader.next(), variables);
    if (!level) return Failure{level.error()};
    filter.levels.push_back(std::move(*level));
  }
  return filter;
}

bool TemplateFilter::has_variables() const {
  return std::any_of(levels.begin(), levels.end(), [](const Level& level) { return level.kind == Level::Kind::variable; });
}

std::optional<std::string> TemplateFilter::expand(const Subject& subject) const {
  std::string text;
  for (const Level& level : levels) {
    if (&level != &levels.front()) text += '/';
    text += level.kind == Level::Kind::plus ? "+" : level.kind == Level::Kind::hash ? "#" : level.text;
    if (level.kind != Level::Kind::variable) continue;
    const bool put = subject.any_value(level.variable, [&](std::string_view value) {
      if (!fits_in_level(value)) return false;
      text += value;
      return true;
    });
    if (!put) return std::nullopt;
    text += level.suffix;
  }
  return text;
}

}  // namespace tombo::auth::acl
