#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "config/options.hpp"
#include "plugin/executor.hpp"
#include "plugin/host/clients.hpp"
#include "plugin/host/tickets.hpp"
#include "plugin/host/timekeeper.hpp"
#include "plugin/host/timers.hpp"
#include "plugin/host/shared_object.hpp"
#include "plugin/plugin_host.hpp"
#include "tombo/plugin.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tombo::plugin {

namespace mosquitto {
class Module;
}  // namespace mosquitto

using PluginOptions = std::vector<std::pair<std::string, std::string>>;
/// From "key=value" each; the failure names the one that is not.
Result<PluginOptions, std::string> parse_options(const std::vector<std::string>& lines);

/// An enhanced authentication as one plugin sees it; it has begun when `begun`, which the plugin's calls alone look at.
struct ExchangeState {
  void* of_plugin = nullptr;
  bool begun = false;
};

/// One plugin that runs: its callbacks, its thread, what it has not answered yet.
/// Lives on: any thread, if nothing else is said.
class LoadedPlugin final : public Timed {
 public:
  struct Parts {
    Timekeeper& timekeeper;
    log::Logger logger;
    HostActions& actions;
  };
  using Call = std::function<int(std::uint64_t ticket)>;

  /// Loads and initialises it; the failure says what is wrong, without its name.
  static Result<std::unique_ptr<LoadedPlugin>, std::string> load(const config::Plugin& section, const Parts& parts);
  ~LoadedPlugin() override;

  const std::string& name() const { return name_; }
  /// "plugin:NAME".
  const std::shared_ptr<const std::string>& rule() const { return rule_; }
  /// What an audit log says of a decision: "plugin:NAME: why".
  std::shared_ptr<const std::string> rule_of(const Decision& decision) const;
  const tombo_plugin& calls() const { return calls_; }
  void* self() const { return self_; }
  bool concurrent() const { return (calls_.flags & TOMBO_PLUGIN_CONCURRENT) != 0; }
  bool judges_receiving() const;
  /// A plugin of Mosquitto's interface, which then has no calls(); null: it is one of ours.
  mosquitto::Module* guest() const { return guest_.get(); }
  /// What it says of rights may be remembered.
  bool keeps_verdicts() const { return keeps_verdicts_; }

  /// Asks a question.  A concurrent plugin is called at once, and its answer may be there then; `call` may borrow.
  /// A serial one is called on its thread: `call` owns what it needs, about so many bytes.  Where nothing is returned, `done`
  /// is called exactly once, perhaps before this returns; else never.
  std::optional<Decision> ask(Call call, Tickets::Done done, std::size_t bytes);
  /// Asks a guest, on its thread; nothing said there: it answers by give().  Otherwise as ask().
  using GuestCall = std::function<std::optional<Decision>(std::uint64_t ticket, mosquitto::Module& guest)>;
  std::optional<Decision> ask_guest(GuestCall call, Tickets::Done done, std::size_t bytes);
  void give(std::uint64_t ticket, Decision decision);
  /// A refusal because too many wait for it, which is counted and told.
  Decision busy();
  /// Asks a concurrent plugin something that cannot wait.
  Decision ask_now(const Call& call);
  /// Calls at once where the plugin is concurrent, else on its thread.  False: its queue is full, which is counted.
  bool tell(std::function<void()> call, std::size_t bytes);
  /// The same for what must not be lost.
  void must_tell(std::function<void()> call);

  std::shared_ptr<ExchangeState> begin_exchange();
  void end_exchange(const std::shared_ptr<ExchangeState>& state);

  /// New options, if they are new.  What the plugin says of them is logged.
  void reload(const config::Plugin& section, PluginOptions options);
  PluginStatus status() const;
  MonoTime turn(MonoTime now) override;

  /// Refuses what is asked and what will be.
  void refuse_all() { tickets_.close(); }
  /// After refuse_all() of all plugins: says goodbye and ends the thread.
  void stop();

  // For the functions of tombo_host.
  int complete(std::uint64_t ticket, const tombo_decision* decision);
  int add_timer(std::uint32_t delay_ms, std::uint32_t period_ms, Timers::Call call, void* arg, std::uint64_t* timer);
  Timers& timers() { return timers_; }
  Clients& clients() { return clients_; }
  const Parts& parts() const { return parts_; }

 private:
  LoadedPlugin(const config::Plugin& section, PluginOptions options, const Parts& parts);
  std::optional<std::string> load_file(const config::Plugin& section);
  std::optional<std::string> begin_guest(OpenedFile& file);
  std::optional<std::string> init(int (*begin)(const tombo_host*, tombo_start*));
  std::optional<std::string> take_callbacks(const tombo_plugin* from);
  std::optional<Decision> at_once(const Call& call, std::uint64_t ticket);
  int guarded(const Call& call, std::uint64_t ticket);
  void guarded(const std::function<void()>& call);
  void complain(std::string_view what);
  void say_goodbye();

  const std::string name_;
  const std::shared_ptr<const std::string> rule_;
  const Parts parts_;
  tombo_host host_{};
  tombo_plugin calls_{};
  void* self_ = nullptr;
  bool runs_ = false;  // init() was well
  bool keeps_verdicts_ = false;
  bool deny_special_names_ = true;
  std::unique_ptr<mosquitto::Module> guest_;
  PluginOptions options_;                 // main's
  std::atomic<std::uint32_t> deadline_ms_;
  Tickets tickets_;
  Timers timers_;
  Clients clients_;
  std::mutex exchanges_mutex_;
  std::set<std::shared_ptr<ExchangeState>> exchanges_;
  std::atomic<std::uint64_t> asked_{0}, busy_{0}, broken_{0}, late_{0}, events_dropped_{0};
  std::atomic<std::int64_t> quiet_until_{0};  // complaints
  Executor executor_;                     // last: its tasks use all the others
};

/// The table of functions that a plugin may call; plugin/host/host_table.cpp.
tombo_host make_host_table(LoadedPlugin& plugin);

}  // namespace tombo::plugin
