#pragma once

#include "auth/backend.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "config/options.hpp"
#include "plugin/events.hpp"
#include "plugin/host_actions.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::plugin {

/// What one plugin has done, for $SYS and tomboctl.
struct PluginStatus {
  std::string name;
  std::uint64_t asked = 0;           // questions that it was given
  std::uint64_t busy = 0;            // refused because its queue was full
  std::uint64_t deadlines = 0;       // refused because it did not answer in time
  std::uint64_t broken = 0;          // refused because its answer made no sense
  std::uint64_t late = 0;            // answers that came too late or twice
  std::uint64_t events_dropped = 0;  // because its queue was full
  std::size_t waiting = 0;           // tasks in its queue
  std::size_t pending = 0;           // questions that it has not answered
};

/// The plugins that [[plugin]] sections name, loaded and running.
/// Lives on: made, reloaded, stopped and destroyed by main; what it hands out is used by every shard.  It outlives the
/// shards, and every Exchange that its backends began.
class Plugins {
 public:
  using Loaded = Result<std::unique_ptr<Plugins>, std::vector<std::string>>;
  /// Loads all or none: every plugin that cannot be used is an error text that begins with "plugin 'NAME': ".
  /// Without sections there is nothing to hold: null.  Clock, sink and actions outlive it.
  static Loaded load(const std::vector<config::Plugin>& sections, const Clock& clock, log::Logger logger, HostActions& actions);

  /// As stop().
  virtual ~Plugins() = default;
  /// Refuses what is still asked, lets plugins say goodbye, waits for the calls that run.  To be called once the shards' threads
  /// have ended, while what the answers are given to (mailboxes) and HostActions are still there.
  virtual void stop() = 0;

  /// By "plugin:NAME".  Null: there is no such plugin, or it does not do this.
  virtual auth::Backend* backend(std::string_view name) = 0;
  virtual auth::Referee* referee(std::string_view name) = 0;
  virtual auth::KeyGiver* key_giver(std::string_view name) = 0;
  /// Whether the referee of this name wants to be asked for Action::receive, too.
  virtual bool judges_receiving(std::string_view name) const = 0;
  /// Null where no plugin wants to hear of anything.
  virtual Events* events() = 0;

  /// Hands changed options to plugins; what a plugin says of them is logged later.  Returns what cannot even be handed over:
  /// options that are not key=value.  Sections without a plugin that runs are ignored: they need a restart.
  virtual std::vector<std::string> reload(const std::vector<config::Plugin>& sections) = 0;
  virtual std::vector<PluginStatus> status() const = 0;
  /// Looks at the clock now: for clocks that are turned by hand.
  virtual void ring() = 0;
};

}  // namespace tombo::plugin
