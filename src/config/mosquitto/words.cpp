#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace tombo::config::mosquitto {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// What to write instead, as the checks say it for a TOML file.
constexpr auto kPhrases = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"client_certificate = \"required\" and the listener's own certificates",
     "require_certificate true, certfile and keyfile"},
    {"write address = \"", "write the address without it (\""},
    {" and port = ", "), and the port as "},
    {"name backends in [auth], or write allow_anonymous = true at the top of the file",
     "write password_file PATH, or allow_anonymous true"},
    {"; write authentication = [\"passwords\"]", ""},
});

/// An option as the checks call it, and the directive that becomes it.
struct Name {
  std::string quoted;  // "'port' in [[listener]]"
  std::string bare;    // "port in [[listener]]"
  std::string directive;
};

const std::vector<Name>& names() {
  static const std::vector<Name> kAll = [] {
    std::vector<Name> all;
    for (const Directive& directive : directives()) {
      const Row* row = directive.fate == Fate::refused ? nullptr : row_of(directive);
      if (row == nullptr || row->section == Section::top) continue;
      const std::string_view title = info_of(row->section).title;
      all.push_back({fmt::format("'{}' in {}", row->key, title), fmt::format("{} in {}", row->key, title),
                     fmt::format("'{}'", directive.name)});
    }
    return all;
  }();
  return kAll;
}

}  // namespace

std::string in_mosquitto_words(std::string message) {
  for (const auto& [toml, ours] : kPhrases) replace_all(message, toml, ours);
  if (message.find(" in [") == std::string::npos) return message;
  for (const Name& name : names()) {
    replace_all(message, name.quoted, name.directive);
    replace_all(message, name.bare, name.directive);
  }
  return message;
}

}  // namespace tombo::config::mosquitto
