#include "config/rows/rows.hpp"

namespace tombo::config {

namespace {

// clang-format off
constexpr auto kRows = std::to_array<Row>({
  text<&Ldap::url>("url", 4096, kLive, "Directory server: ldap://host or ldaps://host."),
  flag<&Ldap::start_tls>("start_tls", kLive, "Begin TLS on an ldap:// connection."),
  text<&Ldap::ca_file>("ca_file", 4096, kLive, "PEM file of the authorities that the server's certificate is checked with; empty means the system's."),
  text<&Ldap::bind_dn>("bind_dn", 1024, kLive, "Who searches; empty means anonymously."),
  text<&Ldap::bind_password_file>("bind_password_file", 4096, kLive, "File with the searcher's password."),
  text<&Ldap::base>("base", 1024, kLive, "Where users are searched."),
  text<&Ldap::filter>("filter", 1024, kLive, "Filter that finds a user; %u is the user name, escaped."),
  text<&Ldap::user_dn>("user_dn", 1024, kLive, "Name to bind as instead of a search, such as \"uid=%u,ou=people,dc=example\"."),
  text<&Ldap::group_attribute>("group_attribute", 256, kLive, "Attribute whose values are the user's groups; empty means none."),
  number<&Ldap::timeout_ms>("timeout_ms", {10, 60'000}, kLive, "How long an answer may take; without one the client is refused."),
  number<&Ldap::cache_ttl_s>("cache_ttl_s", {0, kDay}, kLive, "How long answers are remembered; 0 means they are not."),
});
// clang-format on

}  // namespace

std::span<const Row> ldap_rows() {
  return kRows;
}

}  // namespace tombo::config
