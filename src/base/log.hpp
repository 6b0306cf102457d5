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

/// What a line is, finer than its level: what Mosquitto calls log_type.
enum class Type : std::uint8_t { debug, information, notice, warning, error, subscribe, unsubscribe };
inline constexpr std::size_t kTypeCount = 7;

std::string_view name_of(Level level);
std::string_view name_of(Module module);
std::string_view name_of(Type type);

/// Of a line that says nothing else.
constexpr Type type_of(Level level) {
  switch (level) {
    case Level::info: return Type::information;
    case Level::warning: return Type::warning;
    case Level::error: return Type::error;
    default: return Type::debug;
  }
}
/// At which lines of a type are written.
constexpr Level level_of(Type type) {
  switch (type) {
    case Type::information:
    case Type::notice: return Level::info;
    case Type::warning: return Level::warning;
    case Type::error: return Level::error;
    default: return Level::debug;
  }
}
constexpr std::uint8_t bit_of(Type type) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(type)); }
inline constexpr std::uint8_t kAllTypes = (1U << kTypeCount) - 1;

/// Where finished lines go.  app/log_sinks has the real one; tests collect lines.
/// Lives on: any thread.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(Module module, Level level, std::string_view line) = 0;
  /// For lines whose type is not their level's.
  virtual void write_typed(Module module, Type type, std::string_view line) { write(module, level_of(type), line); }
};

/// A way to log for one module: a value that is handed to whoever logs, so nothing global is needed.
/// A default constructed one swallows everything.
/// Lives on: any thread.
class Logger {
 public:
  /// Levels may be changed while the broker runs; sink and levels outlive every Logger.
  struct Levels {
    std::atomic<Level> of[kModuleCount];
    std::atomic<std::uint8_t> types{kAllTypes};  // that are written, of lines whose level is
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

  bool enabled(Level level) const { return enabled(level, type_of(level)); }
  bool enabled(Type type) const { return enabled(level_of(type), type); }

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
  /// A line of a type that is not a level's: notice, subscribe, unsubscribe.
  template <class... Args>
  void of_type(Type type, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(type)) write(type, format, fmt::make_format_args(args...));
  }

 private:
  bool enabled(Level level, Type type) const {
    return sink_ != nullptr && level >= levels_->of[static_cast<std::size_t>(module_)].load(std::memory_order_relaxed) &&
           (levels_->types.load(std::memory_order_relaxed) & bit_of(type)) != 0;
  }
  void write(Level level, fmt::string_view format, fmt::format_args args) const;
  void write(Type type, fmt::string_view format, fmt::format_args args) const;

  Sink* sink_ = nullptr;
  const Levels* levels_ = nullptr;
  Module module_ = Module::broker;
};

}  // namespace tombo::log
