#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

constexpr std::array<std::string_view, 2> kModes{"0600", "0660"};

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Control::socket>("socket", 100, kRestart, "Path of the Unix socket for tomboctl, for example /run/tombo/control.sock; empty means none."),
  text<&Control::mode>("mode", 4, kRestart, "Who may use the socket: 0600 the user that runs the broker, 0660 its group as well.").one_of(kModes),
});
// clang-format on

}  // namespace

std::span<const Row> control_rows() {
  return kRows;
}

}  // namespace tombo::config
