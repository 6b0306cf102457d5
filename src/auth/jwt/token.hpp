#pragma once

#include "auth/jwt/jwt_key.hpp"
#include "base/result.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tombo::auth::jwt {

inline constexpr std::size_t kTokenBytesMax = 16 * 1024;

/// What a token says of how it is signed; nothing of it is proved.
struct Header {
  Algorithm algorithm = Algorithm::hs256;
  std::optional<std::string> kid;
};

/// Whether a password is meant to be a token: two dots between base64url, and JSON begins before the first.
bool looks_like_token(std::string_view password);

/// Reads the header of what looks like a token.  The error says why it cannot be accepted.
Result<Header, std::string> read_header(std::string_view token);

/// The claims of a token that `key` has signed with `header.algorithm`, as an object.  The key must fit the algorithm.
Result<nlohmann::json, std::string> verify(std::string_view token, const Header& header, const Key& key);

}  // namespace tombo::auth::jwt
