#include "auth/jwt/claims.hpp"

#include "mqtt/topic.hpp"
#include "mqtt/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tombo::auth::jwt {

namespace {

using Json = nlohmann::json;
constexpr double kTimeMax = 253'402'300'799;  // the last second of the year 9999

Verdict denied(std::string why, mqtt::ReasonCode reason = mqtt::ReasonCode::bad_user_name_or_password) {
  return {Verdict::Kind::deny, nullptr, reason, std::move(why)};
}

const Json* claim_of(const Json& claims, const std::string& name) {
  const auto at = claims.find(name);
  return at == claims.end() ? nullptr : &*at;
}

bool is_text(const Json* claim, std::string_view wanted) {
  return claim != nullptr && claim->is_string() && claim->get_ref<const std::string&>() == wanted;
}

/// A NumericDate, which may have a fraction.
std::optional<std::int64_t> time_of(const Json& claim) {
  if (!claim.is_number()) return std::nullopt;
  const double seconds = claim.get<double>();
  if (!std::isfinite(seconds)) return std::nullopt;
  return static_cast<std::int64_t>(std::floor(std::clamp(seconds, -kTimeMax, kTimeMax)));
}

/// Why the token does not hold at this time; empty: it does.  Sets `ends_at_s`.
std::string wrong_time(const Json& claims, const config::Jwt& options, std::int64_t now_s, std::int64_t& ends_at_s) {
  const Json* expiry = claim_of(claims, "exp");
  if (expiry == nullptr && options.expiry_required) return "the token has no exp";
  const std::int64_t leeway = options.leeway_s;
  if (expiry != nullptr) {
    const auto at = time_of(*expiry);
    if (!at) return "the token's exp is no time";
    if (now_s >= *at + leeway) return "the token has expired";
    ends_at_s = *at + leeway;
  }
  for (const auto* name : {"nbf", "iat"}) {
    const Json* claim = claim_of(claims, name);
    if (claim == nullptr) continue;
    const auto at = time_of(*claim);
    if (!at) return fmt::format("the token's {} is no time", name);
    if (now_s + leeway < *at) return fmt::format("the token's {} lies ahead", name);
  }
  return {};
}

bool is_for(const Json* audience, const std::string& wanted) {
  if (audience == nullptr || !audience->is_array()) return is_text(audience, wanted);
  return std::any_of(audience->begin(), audience->end(), [&](const Json& one) { return is_text(&one, wanted); });
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::optional<Grant> grant_of(const Json& rule) {
  if (!rule.is_object() || rule.size() != 3) return std::nullopt;
  const Json* permission = claim_of(rule, "permission");
  const Json* action = claim_of(rule, "action");
  const Json* topic = claim_of(rule, "topic");
  if (topic == nullptr || !topic->is_string()) return std::nullopt;
  const bool all = is_text(action, "all");
  Grant grant{topic->get<std::string>(), all || is_text(action, "publish"), all || is_text(action, "subscribe"),
              is_text(permission, "allow")};
  replace_all(grant.filter, "${username}", "%u");
  replace_all(grant.filter, "${clientid}", "%c");
  const bool understood = (grant.allow || is_text(permission, "deny")) && (grant.publish || grant.subscribe) &&
                          !grant.filter.starts_with("eq ") && grant.filter.find("${") == std::string::npos &&
                          mqtt::is_valid_topic_filter(grant.filter);
  if (!understood) return std::nullopt;
  return grant;
}

/// False: a rule is not understood.
bool read_grants(const Json* rules, Principal& principal) {
  principal.has_grants = true;
  if (rules == nullptr) return true;
  if (!rules->is_array() || rules->size() > kGrantsMax) return false;
  for (const Json& rule : *rules) {
    auto grant = grant_of(rule);
    if (!grant) return false;
    principal.grants.push_back(std::move(*grant));
  }
  return true;
}

}  // namespace

Verdict judge_claims(const Json& claims, const config::Jwt& options, const Login& login, std::int64_t now_s) {
  auto principal = std::make_shared<Principal>();
  principal->backend = "jwt";
  if (std::string why = wrong_time(claims, options, now_s, principal->ends_at_s); !why.empty()) return denied(std::move(why));
  if (!options.issuer.empty() && !is_text(claim_of(claims, "iss"), options.issuer))
    return denied("the token is of another issuer");
  if (!options.audience.empty() && !is_for(claim_of(claims, "aud"), options.audience))
    return denied("the token is for another audience");
  const Json* user = claim_of(claims, options.user_claim);
  if (user == nullptr || !user->is_string() || user->get_ref<const std::string&>().empty())
    return denied("the token names no user");
  principal->user_name = user->get<std::string>();
  if (!mqtt::is_valid_text(principal->user_name)) return denied("the token's user name is no MQTT text");
  if (!options.client_id_claim.empty() && !is_text(claim_of(claims, options.client_id_claim), login.client_id)) {
    return denied("the token is for another client id", mqtt::ReasonCode::not_authorized);
  }
  if (!options.acl_claim.empty() && !read_grants(claim_of(claims, options.acl_claim), *principal)) {
    return denied("the token holds a right that is not understood", mqtt::ReasonCode::not_authorized);
  }
  return {Verdict::Kind::allow, std::move(principal), mqtt::ReasonCode::success, {}};
}

}  // namespace tombo::auth::jwt
