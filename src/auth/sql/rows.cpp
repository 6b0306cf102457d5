#include "auth/sql/rows.hpp"

#include "auth/password_hash.hpp"
#include "auth/scram_secret.hpp"
#include "mqtt/topic.hpp"

#include <fmt/format.h>

namespace tombo::auth {

namespace {

/// False for a word that is none of those that are known.
bool set_access(Grant& grant, std::string_view access) {
  grant.subscribe = access == "read" || access == "readwrite" || access == "subscribe" || access == "deny";
  grant.publish = access == "write" || access == "readwrite" || access == "publish" || access == "deny";
  grant.allow = access != "deny";
  return grant.subscribe || grant.publish;
}

}  // namespace

Result<bool, std::string> fits_hash(const std::string& hash, std::string_view password) {
  if (hash.starts_with("SCRAM-")) {
    const auto secret = parse_scram_secret(hash);
    if (!secret) return Failure{"the stored secret " + secret.error()};
    return opens(*secret, password);
  }
  const auto kept = PasswordHash::parse(hash);
  if (!kept) return Failure{"the stored hash is wrong: " + kept.error()};
  return kept->verify(password);
}

Result<std::vector<Grant>, std::string> grants_of(const SqlRows& rows) {
  std::vector<Grant> grants;
  for (const SqlRow& row : rows) {
    const auto wrong = [&](std::string_view what) {
      return Failure{fmt::format("row {} of acl_query {}", grants.size() + 1, what)};
    };
    if (row.size() < 2 || !row[0] || !row[1]) return wrong("does not have a filter and an access");
    Grant grant;
    grant.filter = *row[0];
    if (!mqtt::is_valid_topic_filter(grant.filter)) return wrong("has a filter that is none");
    if (!set_access(grant, *row[1])) return wrong("has an access that is not read, write, readwrite or deny");
    grants.push_back(std::move(grant));
  }
  return grants;
}

std::vector<std::string> groups_of(const SqlRows& rows) {
  std::vector<std::string> groups;
  for (const SqlRow& row : rows) {
    if (!row.empty() && row[0] && !row[0]->empty()) groups.push_back(*row[0]);
  }
  return groups;
}

}  // namespace tombo::auth
