#include "auth/jwt/token.hpp"

#include "base/assert.hpp"
#include "base/base64.hpp"

#include <jwt.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace tombo::auth::jwt {

namespace {

using Json = nlohmann::json;

bool is_base64url(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string padded{text};
  for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
  padded.append((4 - padded.size() % 4) % 4, '=');
  return from_base64(padded);
}

jwt_alg_t of_library(Algorithm algorithm) {
  // In the same order, without JWT_ALG_NONE.
  return static_cast<jwt_alg_t>(JWT_ALG_HS256 + static_cast<int>(algorithm));
}
static_assert(JWT_ALG_HS256 + static_cast<int>(Algorithm::rs256) == JWT_ALG_RS256);
static_assert(JWT_ALG_HS256 + static_cast<int>(Algorithm::es512) == JWT_ALG_ES512);

struct Free {
  void operator()(jwt_t* token) const { jwt_free(token); }
  void operator()(char* text) const { std::free(text); }
};

}  // namespace

bool looks_like_token(std::string_view password) {
  if (std::count(password.begin(), password.end(), '.') != 2) return false;
  if (!std::all_of(password.begin(), password.end(), [](char c) { return c == '.' || is_base64url(c); })) return false;
  // '{' and the two bits of the next character: "ew" to "ey", "ez".
  return password.size() >= 2 && password[0] == 'e' && password[1] >= 'w' && password[1] <= 'z';
}

Result<Header, std::string> read_header(std::string_view token) {
  if (token.size() > kTokenBytesMax) return Failure{std::string{"the token is too long"}};
  const auto text = from_base64url(token.substr(0, token.find('.')));
  const Json json = text ? Json::parse(*text, nullptr, false) : Json{};
  if (!json.is_object()) return Failure{std::string{"the token's header is no JSON object"}};
  if (json.contains("crit")) return Failure{std::string{"the token's header demands extensions (crit)"}};
  const auto name = json.find("alg");
  const auto algorithm =
      name != json.end() && name->is_string() ? algorithm_named(name->get_ref<const std::string&>()) : std::nullopt;
  if (!algorithm) return Failure{std::string{"the token's algorithm is not accepted"}};
  Header header{*algorithm, std::nullopt};
  if (const auto kid = json.find("kid"); kid != json.end()) {
    if (!kid->is_string()) return Failure{std::string{"the token's kid is no text"}};
    header.kid = kid->get<std::string>();
  }
  return header;
}

Result<Json, std::string> verify(std::string_view token, const Header& header, const Key& key) {
  TOMBO_ASSERT(key.fits(header.algorithm) && token.size() <= kTokenBytesMax);
  jwt_t* made = nullptr;
  const int error = jwt_decode(&made, std::string{token}.c_str(), reinterpret_cast<const unsigned char*>(key.bytes.data()),
                               static_cast<int>(key.bytes.size()));
  const std::unique_ptr<jwt_t, Free> decoded{error == 0 ? made : nullptr};
  if (!decoded) return Failure{std::string{"the token's signature or form is wrong"}};
  // The library reads the header for itself: what it verified must be what we allowed.
  if (jwt_get_alg(decoded.get()) != of_library(header.algorithm))
    return Failure{std::string{"the token's algorithm is ambiguous"}};
  const std::unique_ptr<char, Free> text{jwt_get_grants_json(decoded.get(), nullptr)};
  Json claims = text ? Json::parse(text.get(), nullptr, false) : Json{};
  if (!claims.is_object()) return Failure{std::string{"the token's claims are no JSON object"}};
  return claims;
}

}  // namespace tombo::auth::jwt
