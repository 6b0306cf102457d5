#pragma once

#include "app/log_topic.hpp"
#include "base/log.hpp"
#include "config/options.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::app {

/// Where the broker's lines go: standard streams, files, syslog, journald, subscribers.
///
/// A thread of its own writes them.  Up to kQueueLines wait for it; then the oldest is dropped and counted,
/// so that nobody who reads slowly can hold up a shard. Lives on: main; write() may come from any thread.
class LogSinks final : public log::Sink {
 public:
  static constexpr std::size_t kQueueLines = 2048;

  LogSinks();
  /// Writes what waits, for a second at most if nobody reads it.
  ~LogSinks() override;

  /// Opens what the options name.  If one of them cannot be opened everything stays as it was; says why.
  [[nodiscard]] std::string configure(const config::Log& options);
  /// Opens files anew, for log rotation.  Says what cannot be opened; that file goes on as it was.
  [[nodiscard]] std::string reopen();

  void write(log::Module module, log::Level level, std::string_view line) override { write_typed(module, type_of(level), line); }
  void write_typed(log::Module module, log::Type type, std::string_view line) override;
  /// Lines that were dropped because nobody took them.
  std::uint64_t dropped() const;

  /// Has lines published once it is told of the shards.
  LogTopic& topic() { return topic_; }

  log::Logger::Levels& levels() { return levels_; }
  log::Logger logger(log::Module module) { return {*this, levels_, module}; }

 private:
  struct Impl;
  LogTopic topic_;  // the writing thread, which ends with impl_, asks it
  std::unique_ptr<Impl> impl_;
  log::Logger::Levels levels_;
};

/// Sets the levels and types that the options name.
void set_levels(log::Logger::Levels& levels, const config::Log& options);

}  // namespace tombo::app
