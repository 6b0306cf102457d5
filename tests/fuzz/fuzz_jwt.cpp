// The first byte says what the rest is: a password, the header and claims of a token that is signed, claims, or a key.
#include "auth/jwt/claims.hpp"
#include "auth/jwt/jwt_key.hpp"
#include "auth/jwt/token.hpp"
#include "base/base64.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tombo::auth;

const jwt::Key kKey{jwt::Key::Kind::secret, std::string(64, 'k')};

void check(bool holds) {
  if (!holds) std::abort();
}

std::string base64url(std::string_view bytes) {
  std::string text = tombo::base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

void judge(const nlohmann::json& claims) {
  tombo::config::Jwt options;
  options.issuer = "i";
  options.audience = "a";
  options.acl_claim = "acl";
  Login login;
  login.client_id = "c";
  const Verdict verdict = jwt::judge_claims(claims, options, login, 1'700'000'000);
  if (verdict.kind != Verdict::Kind::allow) return;
  check(verdict.principal && !verdict.principal->user_name.empty() && verdict.principal->has_grants);
  check(verdict.principal->ends_at_s > 1'700'000'000 && verdict.principal->grants.size() <= jwt::kGrantsMax);
}

/// Returns whether it was accepted.
bool take(const std::string& token) {
  if (!jwt::looks_like_token(token)) return false;
  const auto header = jwt::read_header(token);
  if (!header || !kKey.fits(header->algorithm)) return false;
  const auto claims = jwt::verify(token, *header, kKey);
  if (claims) judge(*claims);
  return claims.ok();
}

void sign(std::string_view input) {
  const std::size_t end = input.find('\n');
  const std::string text = base64url(input.substr(0, end)) + "." + base64url(end == std::string_view::npos ? "" : input.substr(end + 1));
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned size = 0;
  HMAC(EVP_sha256(), kKey.bytes.data(), static_cast<int>(kKey.bytes.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), made.data(), &size);
  std::string token = text + "." + base64url({reinterpret_cast<const char*>(made.data()), size});
  if (!take(token)) return;
  // Whatever was signed: with another signature it is refused.
  token[text.size() + 1] = token[text.size() + 1] == 'A' ? 'B' : 'A';
  check(!take(token));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 4) {
    case 0: check(!take(std::string{rest})); break;  // nobody guesses a signature
    case 1: sign(rest); break;
    case 2:
      if (const auto claims = nlohmann::json::parse(rest, nullptr, false); claims.is_object()) judge(claims);
      break;
    default:
      if (const auto key = jwt::Key::parse(rest)) check(!key->bytes.empty());
  }
  return 0;
}
