#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Plugin::name>("name", 64, kRestart, "Name by which [auth] and listeners call it, as plugin:NAME."),
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
