#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include <fmt/core.h>

namespace tombo::log {

enum class Level : std::uint8_t { trace, debug, info, warning, error, off };

/// Parts of the broker whose verbosity an operator sets apart.
enum class Module : std::uint8_t { broker, net, auth, store, config, app };
inline constexpr std::size_t kModuleCount = 6;

std::string_view name_of(Level level);
std::string_view name_of(Module module);

/// Where finished lines go.  app/log_sinks has the real one; tests collect lines.
/// Lives on: any thread.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(Module module, Level level, std::string_view line) = 0;
};

/// A way to log for one module: a value that is handed to whoever logs, so nothing global is needed.
/// A default constructed one swallows everything.
/// Lives on: any thread.
class Logger {
 public:
  /// Levels may be changed while the broker runs; sink and levels outlive every Logger.
  struct Levels {
    std::atomic<Level> of[kModuleCount];
    Levels() {
      for (auto& level : of) level.store(Level::info, std::memory_order_relaxed);
    }
  };

  Logger() = default;
  Logger(Sink& sink, const Levels& levels, Module module) : sink_(&sink), levels_(&levels), module_(module) {}
  Logger for_module(Module module) const {
    Logger other = *this;
    other.module_ = module;
    return other;
  }

  bool enabled(Level level) const {
    return sink_ != nullptr && level >= levels_->of[static_cast<std::size_t>(module_)].load(std::memory_order_relaxed);
  }

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(Level::debug)) write(Level::debug, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(Level::info)) write(Level::info, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(Level::warning)) write(Level::warning, format, fmt::make_format_args(args...));
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(Level::error)) write(Level::error, format, fmt::make_format_args(args...));
  }

 private:
  void write(Level level, fmt::string_view format, fmt::format_args args) const;

  Sink* sink_ = nullptr;
  const Levels* levels_ = nullptr;
  Module module_ = Module::broker;
};

}  // namespace tombo::log
