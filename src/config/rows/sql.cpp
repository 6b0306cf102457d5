#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Sql::database>("database", 4096, kLive, "postgresql:CONNINFO or sqlite:PATH."),
  text<&Sql::password_query>("password_query", 65'535, kLive, "Statement that yields the hash for a user, who is $1."),
  text<&Sql::acl_query>("acl_query", 65'535, kLive, "Statement that yields rows of topic filter and access for a user; empty means that only [acl] decides."),
  text<&Sql::groups_query>("groups_query", 65'535, kLive, "Statement that yields the user's groups; empty means none."),
  number<&Sql::timeout_ms>("timeout_ms", {10, 60'000}, kLive, "How long an answer may take; without one the client is refused."),
  number<&Sql::cache_ttl_s>("cache_ttl_s", {0, kDay}, kLive, "How long answers are remembered; 0 means they are not."),
});
// clang-format on

}  // namespace

std::span<const Row> sql_rows() {
  return kRows;
}

}  // namespace tombo::config
