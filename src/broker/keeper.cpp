#include "broker/keeper.hpp"

#include "broker/retained_by.hpp"
#include "broker/shard.hpp"

#include "store/open.hpp"

#include <fmt/format.h>

#include <atomic>
#include <utility>

namespace tombo::broker {

Result<store::Opened, std::string> Keeper::open_engine(const config::Options& options, const log::Logger& logger) {
  const auto& persistence = options.persistence;
  const auto profile =
      persistence.profile == config::StoreProfile::server ? store::Profile::server : store::Profile::gateway;
  auto opened = store::open_engine({persistence.directory, profile, false});
  if (!opened) return Failure{fmt::format("the store in {} cannot be used: {}", persistence.directory, opened.error().text)};
  for (const auto& warning : opened->warnings) logger.error("{}", warning);
  return std::move(*opened);
}

Result<std::unique_ptr<Keeper>, std::string> Keeper::open(const config::Options& options, const Clock& clock, log::Logger logger) {
  auto opened = open_engine(options, logger);
  if (!opened) return Failure{opened.error()};
  auto keeper = std::make_unique<Keeper>(*opened->engine, options, clock, std::move(logger));
  keeper->owned_ = std::move(opened->engine);
  keeper->mended_ = !opened->warnings.empty();
  auto begun = keeper->begin();
  if (!begun && begun.error().kind == store::EngineError::Kind::damaged) {
    if (auto again = keeper->open_again(begun.error()); !again) return Failure{again.error()};
    begun = keeper->begin();
  }
  if (!begun) {
    return Failure{fmt::format("the store in {} cannot be used: {}", options.persistence.directory, begun.error().text)};
  }
  return keeper;
}

Keeper::Keeper(store::Engine& engine, const config::Options& options, const Clock& clock, log::Logger logger)
    : engine_(&engine), first_options_(options), clock_(clock), logger_(std::move(logger)), store_(parts(options)) {}

Keeper::~Keeper() = default;

store::StoreOptions Keeper::options_of(const config::Options& options) {
  const auto& persistence = options.persistence;
  store::StoreOptions made;
  made.linger = Milliseconds{persistence.linger_ms};
  made.interval = Milliseconds{persistence.sync_interval_ms};
  // One topic that is to be safe makes every commit one that is synced.
  made.sync = persistence.sync != config::Sync::off || !persistence.sync_topics.empty();
  made.backlog_bytes_max = persistence.backlog_bytes_max;
  return made;
}

store::Store::Parts Keeper::parts(const config::Options& options) {
  store::Store::Parts made;
  made.engine = engine_;
  made.clock = &clock_;
  made.logger = logger_;
  made.options = options_of(options);
  made.completed = [this](unsigned shard, store::Ticket ticket) {
    core_->mailbox(static_cast<routing::ShardId>(shard)).post_call([ticket](Shard& there) { there.on_durable(ticket); });
  };
  made.retained = [this](std::string_view topic) {
    std::shared_ptr<const routing::RetainedSource> source;
    auto message = core_->retained.find(topic, &source);
    return store::RetainedNow{std::move(message), row_of(source.get())};
  };
  made.failing = [this](bool failing, const std::string& why) { tell_failing(failing, why); };
  return made;
}

void Keeper::tell_failing(bool failing, const std::string& why) {
  if (failing) {
    logger_.error("the store cannot be written, acknowledgements wait until it can: {}", why);
  } else {
    logger_.warning("the store can be written again");
  }
}

Result<RestoredCounts, std::string> Keeper::restore(Core& core, std::span<Shard* const> shards) {
  core_ = &core;
  core.store = &store_;
  auto counts = restore_all(core, shards, store_, logger_);
  if (!counts && counts.error().kind == store::EngineError::Kind::damaged && owned_) {
    if (const auto opened = open_again(counts.error()); !opened) return Failure{opened.error()};
    if (const auto used = store_.keep_epoch(); !used) return Failure{used.error().text};
    counts = restore_all(core, shards, store_, logger_);
  }
  if (!counts) return Failure{fmt::format("the store cannot be read: {}", counts.error().text)};
  return *counts;
}

/// Opening finds what reading has stumbled over, sets it aside and serves the rest.
Result<void, std::string> Keeper::open_again(const store::EngineError& damage) {
  logger_.error("the store is damaged and is put in order first: {}", damage.text);
  owned_.reset();
  auto opened = open_engine(first_options_, logger_);
  if (!opened) return Failure{opened.error()};
  owned_ = std::move(opened->engine);
  mended_ = true;
  engine_ = owned_.get();
  store_.set_engine(*engine_);
  return {};
}

void Keeper::start_threads() { threads_ = std::make_unique<store::StoreThreads>(store_, clock_); }

void Keeper::save(std::function<void(bool done)> told) {
  const auto left = std::make_shared<std::atomic<unsigned>>(core_->shards());
  const auto tell = std::make_shared<std::function<void(bool)>>(std::move(told));
  for (unsigned shard = 0; shard < core_->shards(); ++shard) {
    core_->mailbox(static_cast<routing::ShardId>(shard)).post_call([this, left, tell](Shard& there) {
      there.hand_over();
      if (left->fetch_sub(1) != 1) return;  // the last one
      if (!store_.save([tell] { (*tell)(true); })) (*tell)(false);
    });
  }
}

void Keeper::reload(const config::Options& options) { store_.set_options(options_of(options)); }

void Keeper::stop() {
  threads_.reset();
  if (const auto flushed = store_.flush(); !flushed) {
    logger_.error("the store could not be brought up to date: {}", flushed.error().text);
  }
}

}  // namespace tombo::broker
