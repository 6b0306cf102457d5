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

void Logger::write(Level level, fmt::string_view format, fmt::format_args args) const {
  sink_->write(module_, level, fmt::vformat(format, args));
}

}  // namespace tombo::log
