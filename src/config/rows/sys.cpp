#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  number<&Sys::interval_s>("interval_s", {0, kDay}, kLive, "Time between two updates of $SYS; 0 means none are published."),
});
// clang-format on

}  // namespace

std::span<const Row> sys_rows() {
  return kRows;
}

}  // namespace tombo::config
