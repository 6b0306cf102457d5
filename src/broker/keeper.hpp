#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "broker/core.hpp"
#include "broker/restorer.hpp"
#include "config/options.hpp"
#include "store/engine.hpp"
#include "store/open.hpp"
#include "store/store.hpp"
#include "store/threads.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace tombo::broker {

/// The store of a broker: opened before there are shards, asked by them while they run, closed after they have ended.
/// Lives on: main; the store's own threads are inside.
class Keeper {
 public:
  /// Opens the store that the options name.  The error is for the operator.
  static Result<std::unique_ptr<Keeper>, std::string> open(const config::Options& options, const Clock& clock, log::Logger logger);
  /// Keeps in an engine that somebody else owns; begin() is still to be called.
  Keeper(store::Engine& engine, const config::Options& options, const Clock& clock, log::Logger logger);
  ~Keeper();

  store::EngineResult<void> begin() { return store_.begin(mended_); }
  store::Store& store() { return store_; }
  store::Engine& engine() { return *engine_; }

  /// Makes sessions, subscriptions and retained messages of what is kept; before the shards run.
  Result<RestoredCounts, std::string> restore(Core& core, std::span<Shard* const> shards);
  /// Commits and reads from now on by itself.
  void start_threads();
  /// Has the shards hand over what they hold back and writes all of it, with a sync; then tells so, on some thread; not
  /// `done`: too many such wishes wait already.  While the shards run.
  void save(std::function<void(bool done)> told);
  void reload(const config::Options& options);
  /// After the shards have ended: writes what is left.
  void stop();

 private:
  static Result<store::Opened, std::string> open_engine(const config::Options& options, const log::Logger& logger);
  Result<void, std::string> open_again(const store::EngineError& damage);
  static store::StoreOptions options_of(const config::Options& options);
  store::Store::Parts parts(const config::Options& options);
  void tell_failing(bool failing, const std::string& why);

  std::unique_ptr<store::Engine> owned_;
  store::Engine* engine_;
  config::Options first_options_;
  bool mended_ = false;  // something was damaged when it was opened
  const Clock& clock_;
  log::Logger logger_;
  Core* core_ = nullptr;  // once there is one
  store::Store store_;
  std::unique_ptr<store::StoreThreads> threads_;
};

}  // namespace tombo::broker
