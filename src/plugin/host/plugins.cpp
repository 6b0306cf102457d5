// What Plugins::load makes where plugins are built in.
#include "plugin/host/guest_chain.hpp"
#include "plugin/host/limits.hpp"
#include "plugin/host/loaded_plugin.hpp"
#include "plugin/host/plugin_backend.hpp"
#include "plugin/host/plugin_events.hpp"
#include "plugin/mosquitto/module.hpp"
#include "plugin/plugin_host.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <utility>

namespace tombo::plugin {

namespace {

constexpr std::string_view kPrefix = "plugin:";

/// A plugin and what it is to the broker.
struct Roles {
  explicit Roles(std::unique_ptr<LoadedPlugin> loaded)
      : plugin(std::move(loaded)), backend(*plugin), referee(*plugin), keys(*plugin) {}
  std::unique_ptr<LoadedPlugin> plugin;
  PluginBackend backend;
  PluginReferee referee;
  PluginKeys keys;
};

std::string kind_of(const LoadedPlugin& plugin) {
  if (plugin.guest() != nullptr) return fmt::format("version {} of Mosquitto's interface", plugin.guest()->version());
  return plugin.concurrent() ? "concurrent" : "serial";
}

class PluginSet final : public Plugins {
 public:
  PluginSet(const Clock& clock, log::Logger logger) : logger_(logger), timekeeper_(clock) {}
  ~PluginSet() override { stop(); }

  std::vector<std::string> load_all(const std::vector<config::Plugin>& sections, HostActions& actions);
  void stop() override;
  auth::Backend* backend(std::string_view name) override;
  auth::Referee* referee(std::string_view name) override;
  auth::KeyGiver* key_giver(std::string_view name) override;
  bool judges_receiving(std::string_view name) const override;
  Events* events() override { return events_.any() ? &events_ : nullptr; }
  std::vector<std::string> reload(const std::vector<config::Plugin>& sections) override;
  std::vector<PluginStatus> status() const override;
  void ring() override { timekeeper_.ring(); }

 private:
  /// By "plugin:NAME", or null.
  Roles* find(std::string_view name) const;

  const log::Logger logger_;
  Timekeeper timekeeper_;  // before the plugins, which ring it as long as they live
  std::vector<std::unique_ptr<Roles>> all_;
  PluginEvents events_;
  GuestReferee guest_referee_;
};

/// The same for all names of a file.
std::filesystem::path file_of(const config::Plugin& section) {
  std::error_code ignored;
  return std::filesystem::weakly_canonical(section.path, ignored);
}

std::vector<std::string> PluginSet::load_all(const std::vector<config::Plugin>& sections, HostActions& actions) {
  std::vector<std::string> wrong;
  std::set<std::string> names;
  std::set<std::filesystem::path> guests;
  for (const auto& section : sections) {
    const auto refuse = [&](std::string_view why) { wrong.push_back(fmt::format("plugin '{}': {}", section.name, why)); };
    if (section.name.empty()) {
      refuse("it needs a name");
    } else if (!names.insert(section.name).second) {
      refuse("there are two of this name");
    } else if (guests.contains(file_of(section))) {
      // Two of one file would share its variables, from two threads.
      refuse(section.path + " is named twice: one [[plugin]] section serves all listeners");
    } else if (auto loaded = LoadedPlugin::load(section, {timekeeper_, logger_, actions}); !loaded) {
      refuse(loaded.error());
    } else {
      if ((*loaded)->guest() != nullptr) guests.insert(file_of(section));
      all_.push_back(std::make_unique<Roles>(std::move(loaded.value())));
    }
  }
  if (!wrong.empty()) return wrong;
  for (const auto& roles : all_) {
    LoadedPlugin& plugin = *roles->plugin;
    events_.add(plugin);
    if (plugin.guest() != nullptr && plugin.guest()->roles().acl) guest_referee_.add(plugin);
    timekeeper_.add(plugin);
    logger_.info("plugin {} loaded: {}", plugin.name(), kind_of(plugin));
  }
  timekeeper_.begin();
  return {};
}

void PluginSet::stop() {
  timekeeper_.stop();
  // First no plugin is asked any more: an answer of one could be a question to the next.
  for (const auto& roles : all_) roles->plugin->refuse_all();
  for (const auto& roles : all_) roles->plugin->stop();
}

Roles* PluginSet::find(std::string_view name) const {
  if (!name.starts_with(kPrefix)) return nullptr;
  name.remove_prefix(kPrefix.size());
  for (const auto& roles : all_) {
    if (roles->plugin->name() == name) return roles.get();
  }
  return nullptr;
}

auth::Backend* PluginSet::backend(std::string_view name) {
  Roles* roles = find(name);
  if (roles == nullptr) return nullptr;
  const tombo_plugin& calls = roles->plugin->calls();
  if (const mosquitto::Module* guest = roles->plugin->guest()) {
    return guest->roles().basic_auth || guest->roles().extended_auth ? &roles->backend : nullptr;
  }
  return calls.authenticate != nullptr || calls.extended_begin != nullptr ? &roles->backend : nullptr;
}

auth::Referee* PluginSet::referee(std::string_view name) {
  Roles* roles = find(name);
  if (roles != nullptr && guest_referee_.is_first(*roles->plugin)) return &guest_referee_;  // one for all of them
  return roles != nullptr && roles->plugin->calls().authorize != nullptr ? &roles->referee : nullptr;
}

auth::KeyGiver* PluginSet::key_giver(std::string_view name) {
  Roles* roles = find(name);
  const mosquitto::Module* guest = roles != nullptr ? roles->plugin->guest() : nullptr;
  return guest != nullptr && guest->roles().psk_key ? &roles->keys : nullptr;
}

bool PluginSet::judges_receiving(std::string_view name) const {
  const Roles* roles = find(name);
  return roles != nullptr && roles->plugin->judges_receiving();
}

std::vector<std::string> PluginSet::reload(const std::vector<config::Plugin>& sections) {
  std::vector<std::string> wrong;
  for (const auto& section : sections) {
    Roles* roles = find(std::string{kPrefix} + section.name);
    if (roles == nullptr) continue;
    auto options = parse_options(section.options);
    if (!options) {
      wrong.push_back(fmt::format("plugin '{}': {}", section.name, options.error()));
    } else {
      roles->plugin->reload(section, std::move(options.value()));
    }
  }
  return wrong;
}

std::vector<PluginStatus> PluginSet::status() const {
  std::vector<PluginStatus> all;
  for (const auto& roles : all_) all.push_back(roles->plugin->status());
  return all;
}

}  // namespace

Plugins::Loaded Plugins::load(const std::vector<config::Plugin>& sections, const Clock& clock, log::Logger logger,
                              HostActions& actions) {
  if (sections.empty()) return std::unique_ptr<Plugins>{};
  auto set = std::make_unique<PluginSet>(clock, logger);
  if (auto wrong = set->load_all(sections, actions); !wrong.empty()) return Failure{std::move(wrong)};
  return std::unique_ptr<Plugins>{std::move(set)};
}

}  // namespace tombo::plugin
