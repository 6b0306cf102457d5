#include "broker/keeper.hpp"

#include "store/open.hpp"

#include <fmt/format.h>

#include <utility>

namespace tombo::broker {

Result<std::unique_ptr<Keeper>, std::string> Keeper::open(const config::Options& options, const Clock& clock, log::Logger logger) {
  const auto& persistence = options.persistence;
  const auto profile =
      persistence.profile == config::StoreProfile::server ? store::Profile::server : store::Profile::gateway;
  auto opened = store::open_engine({persistence.directory, profile, false});
  const auto failure = [&](const std::string& why) {
    return Failure{fmt::format("the store in {} cannot be used: {}", persistence.directory, why)};
  };
  if (!opened) return failure(opened.error().text);
  for (const auto& warning : opened->warnings) logger.error("store: {}", warning);
  auto keeper = std::make_unique<Keeper>(*opened->engine, options, clock, logger);
  keeper->owned_ = std::move(opened->engine);
  if (const auto begun = keeper->begin(); !begun) return failure(begun.error().text);
  return keeper;
}

Keeper::Keeper(store::Engine& engine, const config::Options& options, const Clock& clock, log::Logger logger)
    : engine_(&engine), clock_(clock), logger_(std::move(logger)), store_(parts(options)) {}

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
  made.retained = [this](std::string_view topic) { return core_->retained.find(topic); };
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
  const auto counts = restore_all(core, shards, store_, logger_);
  if (!counts) return Failure{fmt::format("the store cannot be read: {}", counts.error().text)};
  return *counts;
}

void Keeper::start_threads() { threads_ = std::make_unique<store::StoreThreads>(store_, clock_); }

void Keeper::reload(const config::Options& options) { store_.set_options(options_of(options)); }

void Keeper::stop() {
  threads_.reset();
  if (const auto flushed = store_.flush(); !flushed) {
    logger_.error("the store could not be brought up to date: {}", flushed.error().text);
  }
}

}  // namespace tombo::broker
