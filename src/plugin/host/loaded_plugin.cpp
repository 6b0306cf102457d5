#include "plugin/host/loaded_plugin.hpp"

#include "plugin/host/c_forms.hpp"
#include "plugin/host/limits.hpp"
#include "plugin/mosquitto/module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <exception>

namespace tombo::plugin {

namespace {

/// Complaints about one plugin: one in so much time; all are counted.
constexpr Milliseconds kComplaintPause{10'000};

/// How often guests hear of the time; Mosquitto tells them each time that its loop goes round.
constexpr Milliseconds kTickPeriod{100};

/// A stop that waits longer for a plugin says so.
constexpr std::chrono::seconds kStopPatience{2};

using Why = std::array<char, kWhyMax + 1>;
std::string_view text_of(const Why& why) { return {why.data(), ::strnlen(why.data(), kWhyMax)}; }

std::vector<tombo_pair> c_options(const PluginOptions& options) {
  std::vector<tombo_pair> pairs;
  for (const auto& [key, value] : options) pairs.push_back({c_text(std::string_view{key}), c_text(std::string_view{value})});
  return pairs;
}

}  // namespace

Result<PluginOptions, std::string> parse_options(const std::vector<std::string>& lines) {
  PluginOptions options;
  for (const auto& line : lines) {
    const std::size_t equals = line.find('=');
    if (equals == 0 || equals == std::string::npos) return Failure{fmt::format("option '{}' is not key=value", line)};
    options.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return options;
}

LoadedPlugin::LoadedPlugin(const config::Plugin& section, PluginOptions options, const Parts& parts)
    : name_(section.name),
      rule_(std::make_shared<const std::string>("plugin:" + section.name)),
      parts_(parts),
      keeps_verdicts_(section.cache_verdicts),
      deny_special_names_(section.deny_special_names),
      options_(std::move(options)),
      deadline_ms_(section.deadline_ms),
      tickets_(kPendingMax),
      executor_("tombo-" + section.name, {kQueueTasksMax, kQueueBytesMax}) {
  host_ = make_host_table(*this);
}

LoadedPlugin::~LoadedPlugin() {
  refuse_all();
  stop();
}

Result<std::unique_ptr<LoadedPlugin>, std::string> LoadedPlugin::load(const config::Plugin& section, const Parts& parts) {
  auto options = parse_options(section.options);
  if (!options) return Failure{options.error()};
  std::unique_ptr<LoadedPlugin> plugin{new LoadedPlugin(section, std::move(options.value()), parts)};
  std::optional<std::string> wrong;
  plugin->executor_.call([&] { wrong = plugin->load_file(section); }).wait();
  if (wrong) return Failure{std::move(*wrong)};
  return plugin;
}

std::optional<std::string> LoadedPlugin::load_file(const config::Plugin& section) {
  using Kind = config::PluginKind;
  auto file = OpenedFile::open(section.path);
  if (!file) return file.error();
  const bool other = section.kind == Kind::mosquitto || (section.kind == Kind::by_symbols && file->is_for_mosquitto());
  if (other) return begin_guest(*file);
  const auto object = as_own_plugin(*file, section.path);
  if (!object) return object.error();
  return init(object->init);
}

std::optional<std::string> LoadedPlugin::begin_guest(OpenedFile& file) {
  const auto run_here = [this](std::function<void()> call) { must_tell(std::move(call)); };
  const auto give_answer = [this](std::uint64_t ticket, Decision decision) { give(ticket, std::move(decision)); };
  guest_ = std::make_unique<mosquitto::Module>(
      mosquitto::Module::Parts{name_, parts_.logger, parts_.actions, give_answer, run_here, deny_special_names_});
  std::optional<std::string> wrong;
  try {
    wrong = guest_->load(file);
    if (!wrong) wrong = guest_->begin(options_);
  } catch (const std::exception& error) {
    wrong = fmt::format("its initialisation threw an exception: {}", error.what());
  }
  if (wrong) return wrong;
  runs_ = true;
  if (!guest_->roles().tick) return {};
  const auto tick = [](void* guest) { static_cast<mosquitto::Module*>(guest)->tick(); };
  timers_.add(parts_.timekeeper.now() + kTickPeriod, kTickPeriod, tick, guest_.get());
  return {};
}

std::optional<std::string> LoadedPlugin::init(int (*begin)(const tombo_host*, tombo_start*)) {
  const auto pairs = c_options(options_);
  Why why{};
  tombo_start start{};
  start.size = sizeof start;
  start.name = c_text(std::string_view{name_});
  start.options = pairs.data();
  start.option_count = pairs.size();
  start.deadline_ms = deadline_ms_;
  start.why = why.data();
  start.why_size = why.size();
  int failed = 0;
  try {
    failed = begin(&host_, &start);
  } catch (const std::exception& error) {
    return fmt::format("its initialisation threw an exception: {}", error.what());
  } catch (...) {
    return "its initialisation threw an exception";
  }
  if (failed != 0) {
    const auto reason = text_of(why);
    return reason.empty() ? fmt::format("it cannot begin: error {}", failed) : fmt::format("it cannot begin: {}", reason);
  }
  self_ = start.plugin;
  auto wrong = take_callbacks(start.callbacks);
  if (wrong) {
    // It has begun, so it may say goodbye if we know how.
    if (start.callbacks != nullptr && start.callbacks->size >= sizeof calls_ && start.callbacks->shutdown != nullptr) {
      start.callbacks->shutdown(self_);
    }
    return wrong;
  }
  runs_ = true;
  return {};
}

std::optional<std::string> LoadedPlugin::take_callbacks(const tombo_plugin* from) {
  if (from == nullptr) return "it gave no callbacks";
  if (from->size < sizeof(tombo_plugin)) return "its table of callbacks has no size (set it to sizeof(struct tombo_plugin))";
  // What a newer interface has must not be wanted: to ignore, say, a new way to refuse would be to let in.
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  for (std::size_t at = sizeof(tombo_plugin); at < from->size; ++at) {
    if (bytes[at] != 0) {
      return fmt::format("it has callbacks that this broker does not know: it needs a newer plugin interface than {}.{}",
                         TOMBO_PLUGIN_API_MAJOR, TOMBO_PLUGIN_API_MINOR);
    }
  }
  std::memcpy(&calls_, from, sizeof calls_);
  constexpr std::uint32_t kFlags = TOMBO_PLUGIN_CONCURRENT | TOMBO_PLUGIN_JUDGES_RECEIVING;
  if (const std::uint32_t odd = calls_.flags & ~kFlags; odd != 0) {
    return fmt::format("it has flags {:#x} that this broker does not know", odd);
  }
  if (calls_.on_deliver != nullptr && !concurrent()) {
    return "it wants on_deliver, which is answered at once: only a plugin with TOMBO_PLUGIN_CONCURRENT may have it";
  }
  if ((calls_.flags & TOMBO_PLUGIN_JUDGES_RECEIVING) != 0 && (!concurrent() || calls_.authorize == nullptr)) {
    return "it has TOMBO_PLUGIN_JUDGES_RECEIVING, which needs TOMBO_PLUGIN_CONCURRENT and authorize";
  }
  if ((calls_.extended_begin != nullptr) != (calls_.extended_step != nullptr) ||
      (calls_.extended_begin != nullptr) != (calls_.methods != nullptr)) {
    return "it has not all of methods, extended_begin and extended_step";
  }
  return {};
}

bool LoadedPlugin::judges_receiving() const {
  return calls_.authorize != nullptr && (calls_.flags & TOMBO_PLUGIN_JUDGES_RECEIVING) != 0;
}

std::shared_ptr<const std::string> LoadedPlugin::rule_of(const Decision& decision) const {
  if (decision.why.empty()) return rule_;
  return std::make_shared<const std::string>(*rule_ + ": " + decision.why);
}

int LoadedPlugin::guarded(const Call& call, std::uint64_t ticket) {
  try {
    return call(ticket);
  } catch (const std::exception& error) {
    complain(error.what());
  } catch (...) {
    complain("threw an exception");
  }
  ++broken_;
  return TOMBO_ERROR;
}

void LoadedPlugin::guarded(const std::function<void()>& call) {
  guarded(
      [&](std::uint64_t) {
        call();
        return 0;
      },
      0);
}

std::optional<Decision> LoadedPlugin::at_once(const Call& call, std::uint64_t ticket) {
  const int answer = guarded(call, ticket);
  if (answer == TOMBO_LATER) return {};
  Decision decision = decision_of(answer);
  if (!decision.why.empty()) {
    ++broken_;
    complain(decision.why);
  }
  return decision;
}

Decision LoadedPlugin::busy() {
  ++busy_;
  complain("has too much to do: refused");
  return refusal("too many wait for it", mqtt::ReasonCode::server_busy);
}

std::optional<Decision> LoadedPlugin::ask(Call call, Tickets::Done done, std::size_t bytes) {
  ++asked_;
  const bool straight = concurrent();
  const MonoTime deadline = parts_.timekeeper.now() + Milliseconds{deadline_ms_.load()};
  const auto ticket = tickets_.open(deadline, straight, std::move(done));
  if (!ticket) return busy();
  if (straight) {
    auto answer = tickets_.settle(*ticket, at_once(call, *ticket));
    if (!answer) parts_.timekeeper.want(deadline);
    return answer;
  }
  const auto task = [this, ticket = *ticket, call = std::move(call)] {
    if (!tickets_.is_open(ticket)) return;  // its deadline has passed while it waited
    if (auto answer = at_once(call, ticket)) tickets_.complete(ticket, std::move(*answer));
  };
  if (!executor_.run(task, bytes) && tickets_.forget(*ticket)) return busy();
  parts_.timekeeper.want(deadline);
  return {};
}

std::optional<Decision> LoadedPlugin::ask_guest(GuestCall call, Tickets::Done done, std::size_t bytes) {
  const auto wrapped = [this, call = std::move(call)](std::uint64_t ticket) -> int {
    if (auto decision = call(ticket, *guest_)) give(ticket, std::move(*decision));
    return TOMBO_LATER;
  };
  return ask(wrapped, std::move(done), bytes);
}

void LoadedPlugin::give(std::uint64_t ticket, Decision decision) {
  if (!tickets_.complete(ticket, std::move(decision))) ++late_;
}

Decision LoadedPlugin::ask_now(const Call& call) {
  ++asked_;
  auto answer = at_once(call, 0);
  if (answer) return *std::move(answer);
  ++broken_;
  complain("answered TOMBO_LATER where it must answer at once");
  return refusal("no answer at once");
}

bool LoadedPlugin::tell(std::function<void()> call, std::size_t bytes) {
  if (concurrent()) {
    guarded(call);
    return true;
  }
  if (executor_.run([this, call = std::move(call)] { guarded(call); }, bytes)) return true;
  ++events_dropped_;
  complain("has too much to do: it was not told of an event");
  return false;
}

void LoadedPlugin::must_tell(std::function<void()> call) {
  if (concurrent()) return guarded(call);
  executor_.must_run([this, call = std::move(call)] { guarded(call); });
}

std::shared_ptr<ExchangeState> LoadedPlugin::begin_exchange() {
  auto state = std::make_shared<ExchangeState>();
  const std::lock_guard lock{exchanges_mutex_};
  exchanges_.insert(state);
  return state;
}

void LoadedPlugin::end_exchange(const std::shared_ptr<ExchangeState>& state) {
  {
    const std::lock_guard lock{exchanges_mutex_};
    if (exchanges_.erase(state) == 0) return;
  }
  must_tell([this, state] {
    if (state->begun && calls_.extended_end != nullptr) calls_.extended_end(self_, &state->of_plugin);
  });
}

void LoadedPlugin::reload(const config::Plugin& section, PluginOptions options) {
  deadline_ms_ = section.deadline_ms;
  if (guest_ != nullptr) {  // they hear of every reload
    options_ = std::move(options);
    executor_.must_run([this, kept = options_] { guarded([&] { guest_->reload(kept); }); });
    return;
  }
  if (options == options_) return;
  options_ = std::move(options);
  if (calls_.on_reload == nullptr) {
    parts_.logger.warning("plugin {}: takes its new options at the next start", name_);
    return;
  }
  executor_.must_run([this, kept = options_] {
    const auto pairs = c_options(kept);
    Why why{};
    const auto call = [&](std::uint64_t) {
      return calls_.on_reload(self_, pairs.data(), pairs.size(), why.data(), why.size());
    };
    const int failed = guarded(call, 0);
    if (failed == 0) {
      parts_.logger.info("plugin {}: has new options", name_);
    } else {
      parts_.logger.error("plugin {}: keeps its old options: {}", name_, text_of(why));
    }
  });
}

PluginStatus LoadedPlugin::status() const {
  return {name_, asked_, busy_, tickets_.expired(), broken_, late_, events_dropped_, executor_.waiting(), tickets_.size()};
}

MonoTime LoadedPlugin::turn(MonoTime now) {
  if (tickets_.expire(now) > 0) complain("did not answer within its deadline: refused");
  for (const std::uint64_t timer : timers_.take_due(now)) {
    executor_.must_run([this, timer] { guarded([&] { timers_.fire(timer); }); });
  }
  return std::min(tickets_.next_due(), timers_.next_due());
}

int LoadedPlugin::complete(std::uint64_t ticket, const tombo_decision* from) {
  auto decision = copy_decision(from);
  if (!decision) {
    complain(decision.error());
    if (!tickets_.complete(ticket, refusal(decision.error()))) {
      ++late_;
      return TOMBO_GONE;
    }
    ++broken_;
    return TOMBO_INVALID;
  }
  if (tickets_.complete(ticket, std::move(decision.value()))) return TOMBO_OK;
  ++late_;
  return TOMBO_GONE;
}

int LoadedPlugin::add_timer(std::uint32_t delay_ms, std::uint32_t period_ms, Timers::Call call, void* arg, std::uint64_t* timer) {
  if (call == nullptr) return TOMBO_INVALID;
  const MonoTime due = parts_.timekeeper.now() + Milliseconds{delay_ms};
  const auto id = timers_.add(due, Milliseconds{period_ms}, call, arg);
  if (!id) return TOMBO_FULL;
  if (timer != nullptr) *timer = *id;
  parts_.timekeeper.want(due);
  return TOMBO_OK;
}

void LoadedPlugin::complain(std::string_view what) {
  const std::int64_t now = parts_.timekeeper.now().time_since_epoch().count();
  std::int64_t quiet_until = quiet_until_.load();
  if (now < quiet_until || !quiet_until_.compare_exchange_strong(quiet_until, now + kComplaintPause.count())) return;
  parts_.logger.warning("plugin {}: {}", name_, what);
}

void LoadedPlugin::stop() {
  executor_.drop_waiting();
  if (runs_) {
    std::set<std::shared_ptr<ExchangeState>> left;
    {
      const std::lock_guard lock{exchanges_mutex_};
      left = exchanges_;
    }
    for (const auto& state : left) end_exchange(state);
    const auto gone = executor_.call([this] { say_goodbye(); });
    if (gone.wait_for(kStopPatience) != std::future_status::ready) {
      parts_.logger.warning("plugin {}: the stop waits for it: a call to it does not end", name_);
    }
    runs_ = false;
  }
  executor_.close();
}

void LoadedPlugin::say_goodbye() {
  guarded([this] { clients_.clear(); });
  if (guest_ != nullptr) guarded([this] { guest_->end(); });
  if (calls_.shutdown == nullptr) return;
  guarded([this] { calls_.shutdown(self_); });
}

}  // namespace tombo::plugin
