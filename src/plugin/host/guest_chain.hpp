#pragma once

#include "auth/backend.hpp"
#include "plugin/events.hpp"
#include "plugin/host/loaded_plugin.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace tombo::plugin {

/// One question to all plugins of Mosquitto's interface, in the order of their sections, until one has an opinion.
/// Made by std::make_shared.
/// Lives on: the thread that asks, then the plugins' one after the other.
class GuestChain : public std::enable_shared_from_this<GuestChain> {
 public:
  /// With the plugin that decided; or with none, and what the others said together: `ignored` where all of them have.
  using Done = std::function<void(const LoadedPlugin*, const Decision&)>;

  GuestChain(const std::vector<LoadedPlugin*>& guests, LoadedPlugin::GuestCall call, std::size_t bytes, Done done)
      : guests_(guests), call_(std::move(call)), bytes_(bytes), done_(std::move(done)) {}
  /// `done` is called once, perhaps before this returns.
  void begin() { go_on(0); }

 private:
  void go_on(std::size_t at);
  /// Whether that was the end.
  bool take(const LoadedPlugin& plugin, const Decision& decision);

  const std::vector<LoadedPlugin*>& guests_;
  const LoadedPlugin::GuestCall call_;
  const std::size_t bytes_;
  const Done done_;
  bool ignored_ = true;
};

/// All plugins of Mosquitto's interface that judge accesses, as one referee: the first that has an opinion decides; where all
/// defer it is a no.
/// Lives on: as auth::Referee; as long as the plugins.
class GuestReferee final : public auth::Referee {
 public:
  void add(LoadedPlugin& plugin) {
    guests_.push_back(&plugin);
    keeps_ = keeps_ && plugin.keeps_verdicts();
  }
  bool is_first(const LoadedPlugin& plugin) const { return !guests_.empty() && guests_.front() == &plugin; }
  auth::AccessAnswer judge(const auth::Access& access, std::function<void(auth::AccessAnswer)> later) override;
  bool asks_for_all() const override { return true; }

 private:
  std::vector<LoadedPlugin*> guests_;
  bool keeps_ = true;
};

}  // namespace tombo::plugin
