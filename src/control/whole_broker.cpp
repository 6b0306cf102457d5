#include "broker/shard.hpp"
#include "control/commands.hpp"
#include "control/limits.hpp"
#include "control/store_worker.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace tombo::control {

using broker::Core;
using broker::ShardCounters;
using broker::Shard;

namespace {

/// Bytes of this process that are in memory; 0 where the system does not say.
std::uint64_t resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  unsigned long long total = 0, resident = 0;
  if (!file || std::fscanf(file.get(), "%llu %llu", &total, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Json shards_of(const Core& core) {
  Json shards = Json::array();
  for (unsigned i = 0; i < core.shards(); ++i) {
    const auto& counters = core.counters(static_cast<routing::ShardId>(i));
    shards.push_back(Json{{"shard", i},
                          {"load_percent", core.load_of(i)},
                          {"clients", counters.clients_connected.get()},
                          {"sessions", counters.sessions.get()},
                          {"queued", counters.messages_queued.get()},
                          {"letters", counters.letters_sent.get()},
                          {"wakes", counters.wakes_sent.get()}});
  }
  return shards;
}

/// Numbers that anybody may read: no shard is asked.
class TellStatus final : public Task {
 public:
  using Task::Task;

  void proceed() override {
    const Core& all = core();
    const auto sum = [&](auto member) { return all.sum(member); };
    Json dropped = Json::object();
    for (std::size_t i = 0; i < broker::kDropReasons; ++i) {
      const auto reason = static_cast<broker::Drop>(i);
      dropped[std::string(name_of(reason))] = all.dropped(reason);
    }
    result(Json{{"version", all.version()},
                {"pid", ::getpid()},
                {"uptime_s", (context().now() - all.started()) / Milliseconds{1000}},
                {"draining", all.draining.load(std::memory_order_relaxed)},
                {"connections", all.connections.load(std::memory_order_relaxed)},
                {"clients", sum(&ShardCounters::clients_connected)},
                {"sessions", sum(&ShardCounters::sessions)},
                {"sessions_away", sum(&ShardCounters::sessions_disconnected)},
                {"subscriptions", sum(&ShardCounters::subscriptions)},
                {"shared_subscriptions", sum(&ShardCounters::shared_subscriptions)},
                {"retained", all.retained.count()},
                {"retained_bytes", all.retained.bytes()},
                {"queued", sum(&ShardCounters::messages_queued)},
                {"message_bytes", all.memory_used()},
                {"resident_bytes", resident_bytes()},
                {"store", store_figures()},
                {"publish_received", sum(&ShardCounters::publish_received)},
                {"publish_sent", sum(&ShardCounters::publish_sent)},
                {"bytes_received", sum(&ShardCounters::bytes_received)},
                {"bytes_sent", sum(&ShardCounters::bytes_sent)},
                {"connections_accepted", sum(&ShardCounters::connections_accepted)},
                {"connections_refused", sum(&ShardCounters::connections_refused)},
                {"protocol_errors", sum(&ShardCounters::protocol_errors)},
                {"dropped", std::move(dropped)},
                {"shards", shards_of(all)}});
  }

 private:
  /// Null: nothing is kept.
  Json store_figures() {
    if (context().store == nullptr) return nullptr;
    const store::EngineFigures figures = context().store->operations().figures();
    return Json{{"bytes_on_disk", figures.bytes_on_disk}, {"bytes_written", figures.bytes_written}};
  }
};

class ReloadOptions final : public Task {
 public:
  using Task::Task;

  void proceed() override {
    if (!context().reload) return fail(ErrorCode::refused, "this broker cannot reload its options");
    context().logger.info("control: reload {}", who());
    std::weak_ptr<Task> me = weak_from_this();
    context().reload([this, me, inbox = context().inbox](Reloaded reloaded) {
      inbox->post([this, me, reloaded = std::move(reloaded)] {
        if (const auto task = me.lock()) take(reloaded);
      });
    });
  }

 private:
  void take(const Reloaded& reloaded) {
    if (!reloaded.good) return fail(ErrorCode::refused, reloaded.problem);
    result(Json{{"changed", reloaded.changed}, {"need_restart", reloaded.need_restart}});
  }
};

/// Sets the level of one module or of all, until the next reload says otherwise; tells all of them.
class ChangeLogLevel final : public Task {
 public:
  ChangeLogLevel(Context& context, std::string module, std::optional<log::Level> level)
      : Task(context), module_(std::move(module)), level_(level) {}

  void proceed() override {
    if (context().levels == nullptr) return fail(ErrorCode::refused, "this broker's log has no levels");
    Json levels = Json::object();
    for (std::size_t i = 0; i < log::kModuleCount; ++i) {
      const auto name = name_of(static_cast<log::Module>(i));
      auto& level = context().levels->of[i];
      if (level_ && (module_ == "all" || module_ == name)) level.store(*level_, std::memory_order_relaxed);
      levels[std::string(name)] = name_of(level.load(std::memory_order_relaxed));
    }
    if (level_) context().logger.info("control: log level of {} is {} {}", module_, name_of(*level_), who());
    result(std::move(levels));
  }

 private:
  std::string module_;
  std::optional<log::Level> level_;
};

/// Tells every shard, one after the other; they go on by themselves.
class ChangeDrain final : public Task {
 public:
  ChangeDrain(Context& context, std::optional<broker::Drain> drain) : Task(context), drain_(std::move(drain)) {}

  void proceed() override {
    if (shard_ == core().shards()) {
      const std::string_view what = drain_ ? "clients are sent away, new ones refused" : "clients are let in again";
      context().logger.info("control: {} {}", what, who());
      return result(Json{{"draining", drain_.has_value()}, {"clients", core().sum(&ShardCounters::clients_connected)}});
    }
    ask(shard_,
        [drain = drain_](Shard& there) {
          if (drain) {
            there.begin_drain(*drain);
          } else {
            there.end_drain();
          }
          return true;
        },
        [this](bool) {
          ++shard_;
          proceed();
        });
  }

 private:
  std::optional<broker::Drain> drain_;
  routing::ShardId shard_ = 0;
};

std::optional<log::Level> level_named(std::string_view name) {
  for (auto level = log::Level::trace;; level = static_cast<log::Level>(static_cast<int>(level) + 1)) {
    if (name == name_of(level)) return level;
    if (level == log::Level::off) return std::nullopt;
  }
}

bool is_module(std::string_view name) {
  for (std::size_t i = 0; i < log::kModuleCount; ++i) {
    if (name == name_of(static_cast<log::Module>(i))) return true;
  }
  return name == "all";
}

}  // namespace

std::shared_ptr<Task> tell_status(Context& context, Arguments&) { return std::make_shared<TellStatus>(context); }

std::shared_ptr<Task> reload_options(Context& context, Arguments&) { return std::make_shared<ReloadOptions>(context); }

std::shared_ptr<Task> change_log_level(Context& context, Arguments& arguments) {
  const std::string module = arguments.given_text("module").value_or("all");
  if (!is_module(module)) arguments.refuse(fmt::format("there is no module '{}'", excerpt(module)));
  std::optional<log::Level> level;
  if (const auto name = arguments.given_text("level")) {
    level = level_named(*name);
    if (!level) arguments.refuse(fmt::format("'{}' is no level; trace, debug, info, warning, error and off are", excerpt(*name)));
  }
  return std::make_shared<ChangeLogLevel>(context, module, level);
}

std::shared_ptr<Task> begin_drain(Context& context, Arguments& arguments) {
  constexpr std::size_t kReferenceMax = 1024;
  broker::Drain drain;
  drain.server_reference = arguments.text("redirect");
  if (drain.server_reference.size() > kReferenceMax) arguments.refuse("'redirect' is too long");
  const bool moved = arguments.flag("moved");
  if (moved && drain.server_reference.empty()) arguments.refuse("'moved' needs 'redirect'");
  if (!drain.server_reference.empty()) {
    drain.reason = moved ? mqtt::ReasonCode::server_moved : mqtt::ReasonCode::use_another_server;
  }
  return std::make_shared<ChangeDrain>(context, std::move(drain));
}

std::shared_ptr<Task> end_drain(Context& context, Arguments&) {
  return std::make_shared<ChangeDrain>(context, std::nullopt);
}

}  // namespace tombo::control
