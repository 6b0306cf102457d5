#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Acl::file>("file", 4096, kLive, "Rules in the form of Mosquitto's acl_file; with a file here or in roles_file, what no rule allows is refused."),
  text<&Acl::roles_file>("roles_file", 4096, kLive, "Users, groups and roles in TOML; docs/acl.md tells the form."),
  flag<&Acl::check_retain_source>("check_retain_source", kLive, "Give a retained message to nobody once the rules forbid its topic to who stored it."),
  number<&Acl::cache_entries_max>("cache_entries_max", {0, 100'000}, kLive, "Verdicts that are remembered for each client."),
  flag<&Acl::audit>("audit", kLive, "Log a line for each connection, publish and subscription that is refused, with the rule that decided."),
  number<&Acl::audit_lines_per_s>("audit_lines_per_s", {1, 100'000}, kLive, "Such lines in a second; more are counted and told in one."),
});
// clang-format on

}  // namespace

std::span<const Row> acl_rows() {
  return kRows;
}

}  // namespace tombo::config
