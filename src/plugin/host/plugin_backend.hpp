#pragma once

#include "auth/backend.hpp"
#include "plugin/host/loaded_plugin.hpp"

#include <atomic>
#include <cstddef>

namespace tombo::plugin {

/// A plugin as a backend: its authenticate and its extended authentication.
/// Lives on: as auth::Backend; as long as the plugin.
class PluginBackend final : public auth::Backend {
 public:
  explicit PluginBackend(LoadedPlugin& plugin) : plugin_(plugin) {}
  std::string_view name() const override { return *plugin_.rule(); }
  void ask(std::shared_ptr<const auth::Login> login, std::function<void(auth::Verdict)> done) override;
  std::unique_ptr<auth::Exchange> begin(std::string_view method, std::shared_ptr<const auth::Login> login) override;

 private:
  LoadedPlugin& plugin_;
};

/// A plugin of Mosquitto's interface as one who gives pre-shared keys.
/// Lives on: as auth::KeyGiver; as long as the plugin.
class PluginKeys final : public auth::KeyGiver {
 public:
  explicit PluginKeys(LoadedPlugin& plugin) : plugin_(plugin) {}
  std::string_view name() const override { return *plugin_.rule(); }
  void ask(std::shared_ptr<const auth::KeyWanted> wanted, std::function<void(auth::KeyAnswer)> done) override;

 private:
  LoadedPlugin& plugin_;
  std::atomic<std::size_t> waiting_{0};  // questions
};

/// A plugin as a referee: its authorize.
/// Lives on: as auth::Referee; as long as the plugin.
class PluginReferee final : public auth::Referee {
 public:
  explicit PluginReferee(LoadedPlugin& plugin) : plugin_(plugin) {}
  auth::AccessAnswer judge(const auth::Access& access, std::function<void(auth::AccessAnswer)> later) override;

 private:
  LoadedPlugin& plugin_;
};

}  // namespace tombo::plugin
