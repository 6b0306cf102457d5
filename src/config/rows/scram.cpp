#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Scram::file>("file", 4096, kLive, "File of credentials that tomboctl passwd --scram writes."),
  list<&Scram::mechanisms>("mechanisms", {1, 4}, kNew, "Mechanisms that are offered: SCRAM-SHA-256, SCRAM-SHA-1."),
});
// clang-format on

}  // namespace

std::span<const Row> scram_rows() {
  return kRows;
}

}  // namespace tombo::config
