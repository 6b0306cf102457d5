#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Plugin::name>("name", 64, kRestart, "Name by which [auth] and listeners call it, as plugin:NAME."),
  choice<&Plugin::kind>("kind", kRestart, "Which interface it has: tombo (tombo/plugin.h), mosquitto (versions 2 to 5), or by_symbols: what it exports tells."),
  flag<&Plugin::cache_verdicts>("cache_verdicts", kRestart, "What it says of a client's rights may be remembered for the client's session; a mosquitto plugin that changes its mind is heard late then."),
  flag<&Plugin::deny_special_names>("deny_special_names", kRestart, "For a mosquitto plugin: clients with + or # in their user name or client id have no rights, and it is not asked; many plugins put these names into topic filters."),
  text<&Plugin::path>("path", 4096, kRestart, "The shared object."),
  list<&Plugin::options>("options", {0, 256}, kLive, "Its own options, key=value each."),
  number<&Plugin::deadline_ms>("deadline_ms", {10, 60'000}, kLive, "How long it may take to answer; then it is a refusal."),
});
// clang-format on

}  // namespace

std::span<const Row> plugin_rows() {
  return kRows;
}

}  // namespace tombo::config
