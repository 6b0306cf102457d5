#pragma once

#include "auth/backend.hpp"
#include "config/security_options.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>

namespace tombo::auth::jwt {

inline constexpr std::size_t kGrantsMax = 256;

/// What the claims of a verified token make of a login.
///
/// exp, nbf and iat hold with the leeway; the connection ends when the token would no longer let in, exp and the leeway.
/// The claim that holds the user name wins over the user name in CONNECT, which 3.x clients must give with a password and
/// often fill with anything.  Rights: an array of
///   {"permission": "allow" or "deny", "action": "publish", "subscribe" or "all", "topic": FILTER}
/// where ${username} and ${clientid} stand for %u and %c.  A rule that is not understood refuses the login; a token without
/// the claim, where the options name one, has no rights.
Verdict judge_claims(const nlohmann::json& claims, const config::Jwt& options, const Login& login, std::int64_t now_s);

}  // namespace tombo::auth::jwt
