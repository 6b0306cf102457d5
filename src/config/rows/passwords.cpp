#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Passwords::file>("file", 4096, kLive, "File of users and hashes, as tomboctl passwd and mosquitto_passwd write it."),
});
// clang-format on

}  // namespace

std::span<const Row> passwords_rows() {
  return kRows;
}

}  // namespace tombo::config
