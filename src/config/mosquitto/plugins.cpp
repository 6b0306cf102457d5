#include "config/mosquitto/entries.hpp"
#include "config/mosquitto/reading.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tombo::config::mosquitto {

namespace {

constexpr std::size_t kPluginsMax = 64;

/// "/usr/lib/mosquitto_dynamic_security.so" → "mosquitto_dynamic_security", with a number where it is taken.
std::string name_for(const Reading& reading, std::string_view path) {
  std::string_view stem = path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
  stem = stem.substr(0, std::min(stem.find(".so"), std::size_t{50}));
  std::string name{stem.empty() ? "plugin" : stem};
  const auto& all = reading.draft.options.plugins;
  const auto taken = [&] {
    return std::any_of(all.begin(), all.end(), [&](const Plugin& plugin) { return plugin.name == name; });
  };
  for (int number = 2; taken(); ++number) name = fmt::format("{}-{}", stem, number);
  return name;
}

std::optional<std::size_t> add_plugin(Reading& reading, const Line& line, std::string name, std::string_view path) {
  if (reading.draft.options.plugins.size() >= kPluginsMax) {
    reading.error(line, fmt::format("there are more than {} plugins", kPluginsMax));
    return std::nullopt;
  }
  const std::size_t index = reading.draft.add_section(Section::plugin, line.name_at);
  reading.set(Section::plugin, "name", index, {std::move(name)}, line);
  reading.set(Section::plugin, "path", index, {std::string{path}}, line);
  reading.set(Section::plugin, "kind", index, {std::string{"mosquitto"}}, line);
  reading.where.plugin = index;
  return index;
}

/// A plugin is asked by all listeners, or by that above where settings belong to listeners.
void use(Reading& reading, const Line& line, std::size_t plugin) {
  const std::string name = "plugin:" + reading.draft.options.plugins[plugin].name;
  const std::size_t index = reading.per_listener ? reading.listener() : 0;
  auto chain = reading.per_listener ? reading.draft.options.listeners[index].authentication
                                    : reading.draft.options.auth.backends;
  if (std::find(chain.begin(), chain.end(), name) != chain.end()) return;
  chain.push_back(name);
  if (reading.per_listener) return reading.set(Section::listener, "authentication", index, {std::move(chain)}, line);
  reading.set(Section::auth, "backends", 0, {std::move(chain)}, line);
}

void take_plugin(Reading& reading, const Line& line) {
  reading.security_seen = true;
  if (const auto index = add_plugin(reading, line, name_for(reading, line.value), line.value))
    use(reading, line, *index);
}

void take_global_plugin(Reading& reading, const Line& line) {
  if (const auto index = add_plugin(reading, line, name_for(reading, line.value), line.value)) {
    reading.plugins_for_all.push_back({*index, line});
  }
}

void take_plugin_load(Reading& reading, const Line& line) {
  const auto words = words_of(line.value);
  if (words.size() < 2) return reading.error(line, "'plugin_load' wants a name and a path: plugin_load NAME PATH");
  const auto& all = reading.draft.options.plugins;
  if (std::any_of(all.begin(), all.end(), [&](const Plugin& plugin) { return plugin.name == words[0]; })) {
    return reading.error(line, fmt::format("there is another plugin called '{}'", words[0]));
  }
  const std::string_view path = line.value.substr(static_cast<std::size_t>(words[1].data() - line.value.data()));
  if (const auto index = add_plugin(reading, line, std::string{words[0]}, path))
    reading.plugins_unused.push_back({*index, line});
}

void take_plugin_use(Reading& reading, const Line& line) {
  reading.security_seen = true;
  const std::string_view name = only_word(reading, line);
  const auto& all = reading.draft.options.plugins;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Plugin& plugin) { return plugin.name == name; });
  if (found == all.end()) {
    return reading.error(line, fmt::format("there is no plugin '{}' above; write: plugin_load {} PATH", name, name));
  }
  const auto index = static_cast<std::size_t>(found - all.begin());
  std::erase_if(reading.plugins_unused, [&](const PluginLine& unused) { return unused.plugin == index; });
  use(reading, line, index);
}

void take_plugin_option(Reading& reading, const Line& line) {
  reading.security_seen = true;
  if (!reading.where.plugin) {
    return reading.draft.error(line.name_at,
                               fmt::format("'{}' belongs to a plugin, but there is none above it", line.name));
  }
  const std::size_t index = *reading.where.plugin;
  auto options = reading.draft.options.plugins[index].options;
  const std::string_view key = line.name.substr(line.name.find("_opt_") + 5);
  options.push_back(fmt::format("{}={}", key, line.value));
  reading.set(Section::plugin, "options", index, {std::move(options)}, line);
}

// clang-format off
constexpr auto kEntries = std::to_array<Directive>({
  special("plugin", Scope::security, kPath, "plugin.path, auth.backends, listener.authentication", &take_plugin, "A plugin for Mosquitto, versions 2 to 5; loads unmodified."),
  special("auth_plugin", Scope::security, kPath, "plugin.path, auth.backends, listener.authentication", &take_plugin, "An older name of plugin."),
  special("global_plugin", Scope::global, kPath, "plugin.path, auth.backends, listener.authentication", &take_global_plugin, "A plugin of all listeners, whatever per_listener_settings says."),
  special("plugin_load", Scope::global, "NAME PATH", "plugin.name, plugin.path", &take_plugin_load, "A plugin that plugin_use puts to work."),
  special("plugin_use", Scope::security, "NAME", "auth.backends, listener.authentication", &take_plugin_use, "Puts a loaded plugin to work, for the listener above where per_listener_settings is true."),
  special("plugin_opt_*", Scope::plugin, kText, "plugin.options", &take_plugin_option, "An option of the plugin above."),
  special("auth_opt_*", Scope::plugin, kText, "plugin.options", &take_plugin_option, "The same."),
  flag("auth_plugin_deny_special_chars", Scope::plugin, "plugin.deny_special_names", "Clients with + or # in their names have no rights, and the plugin above is not asked."),
});
// clang-format on

}  // namespace

std::span<const Directive> plugin_directives() {
  return kEntries;
}

}  // namespace tombo::config::mosquitto
