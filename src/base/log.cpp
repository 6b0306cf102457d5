#include "base/log.hpp"

#include <array>
#include <string>

namespace tombo::log {

std::string_view name_of(Level level) {
  static constexpr std::array<std::string_view, 6> kNames{"trace", "debug", "info", "warning", "error", "off"};
  return kNames[static_cast<std::size_t>(level)];
}

std::string_view name_of(Module module) {
  static constexpr std::array<std::string_view, kModuleCount> kNames{"broker", "net", "auth", "store", "config", "app"};
  return kNames[static_cast<std::size_t>(module)];
}

std::string_view name_of(Type type) {
  static constexpr std::array<std::string_view, kTypeCount> kNames{"debug",   "information", "notice",     "warning",
                                                                   "error", "subscribe",   "unsubscribe"};
  return kNames[static_cast<std::size_t>(type)];
}

void Logger::write(Level level, fmt::string_view format, fmt::format_args args) const {
  sink_->write(module_, level, fmt::vformat(format, args));
}

void Logger::write(Type type, fmt::string_view format, fmt::format_args args) const {
  sink_->write_typed(module_, type, fmt::vformat(format, args));
}

}  // namespace tombo::log
