// Takes the place of plugin/host/ where plugins were left out.
#include "plugin/plugin_host.hpp"

#include <fmt/format.h>

namespace tombo::plugin {

Plugins::Loaded Plugins::load(const std::vector<config::Plugin>& sections, const Clock&, log::Logger, HostActions&) {
  std::vector<std::string> wrong;
  for (const auto& section : sections) {
    wrong.push_back(fmt::format("plugin '{}': this tombo was built without plugins: build it with -DTOMBO_PLUGINS=ON",
                                section.name));
  }
  if (!wrong.empty()) return Failure{std::move(wrong)};
  return std::unique_ptr<Plugins>{};
}

}  // namespace tombo::plugin
