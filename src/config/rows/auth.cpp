#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  list<&Auth::backends>("backends", {0, 16}, kNew, "Who is asked whether a client may come in, in this order, until one knows the client: passwords, jwt, http, scram, ldap, sql, plugin:NAME; none means that only allow_anonymous decides."),
  number<&Auth::workers>("workers", {1, 64}, kRestart, "Threads that hash passwords and ask other servers."),
  number<&Auth::waiting_max>("waiting_max", {1, 1'000'000}, kLive, "Logins that wait for these threads; more are refused as server busy."),
  number<&Auth::cache_entries_max>("cache_entries_max", {0, 10'000'000}, kLive, "Answers of http, ldap and sql that are remembered."),
});
// clang-format on

}  // namespace

std::span<const Row> auth_rows() {
  return kRows;
}

}  // namespace tombo::config
