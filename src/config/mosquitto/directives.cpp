#include "config/mosquitto/entries.hpp"

#include <algorithm>
#include <vector>

namespace tombo::config::mosquitto {

std::span<const Directive> directives() {
  static const std::vector<Directive> kAll = [] {
    std::vector<Directive> all;
    for (const auto part : {listener_directives(), tls_directives(), websocket_directives(), security_directives(),
                            plugin_directives(), limit_directives(), session_directives(), persistence_directives(),
                            log_directives(), process_directives(), bridge_directives(), bridge_tls_directives()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return kAll;
}

const Directive* find_directive(std::string_view name) {
  const auto all = directives();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Directive& directive) {
    std::string_view stem = directive.name;
    if (!stem.ends_with('*')) return stem == name;
    stem.remove_suffix(1);
    return name.size() > stem.size() && name.starts_with(stem);
  });
  return found == all.end() ? nullptr : &*found;
}

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::global:
      return "whole broker";
    case Scope::listeners:
      return "all listeners";
    case Scope::listener:
      return "listener";
    case Scope::security:
      return "whole broker, or listener";
    case Scope::plugin:
      return "plugin";
    case Scope::bridge:
      return "bridge";
  }
  return {};
}

std::string_view name_of(Fate fate) {
  switch (fate) {
    case Fate::honoured:
      return "honoured";
    case Fate::partly:
      return "in part";
    case Fate::no_effect:
      return "no effect";
    case Fate::refused:
      return "refused";
  }
  return {};
}

}  // namespace tombo::config::mosquitto
