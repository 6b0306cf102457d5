#include "auth/scram_secret.hpp"

#include "base/base64.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <utility>

namespace tombo::auth {

namespace {

std::size_t key_bytes(ScramHash hash) { return hash == ScramHash::sha1 ? 20 : 32; }
const EVP_MD* digest_of(ScramHash hash) { return hash == ScramHash::sha1 ? EVP_sha1() : EVP_sha256(); }

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hmac(ScramHash hash, const std::string& key, std::string_view text) {
  std::string out(key_bytes(hash), '\0');
  unsigned length = 0;
  const bool made = HMAC(digest_of(hash), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
                         bytes_of(out), &length) != nullptr;
  TOMBO_ASSERT(made && length == out.size());
  return out;
}

std::string plain_hash(ScramHash hash, const std::string& text) {
  std::string out(key_bytes(hash), '\0');
  unsigned length = 0;
  TOMBO_ASSERT(EVP_Digest(text.data(), text.size(), bytes_of(out), &length, digest_of(hash), nullptr) == 1);
  return out;
}

/// Cuts off what stands before `end`, and `end`; nothing if it is not there.
std::optional<std::string_view> take_until(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return {};
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return taken;
}

Failure<std::string> wrong(std::string_view what) { return Failure{std::string(what)}; }

}  // namespace

std::string_view mechanism_of(ScramHash hash) { return hash == ScramHash::sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256"; }

std::optional<ScramHash> scram_hash(std::string_view mechanism) {
  for (const ScramHash hash : {ScramHash::sha1, ScramHash::sha256}) {
    if (mechanism == mechanism_of(hash)) return hash;
  }
  return {};
}

Result<ScramSecret, std::string> parse_scram_secret(std::string_view text) {
  ScramSecret secret;
  const auto mechanism = take_until(text, '$');
  const auto hash = mechanism ? scram_hash(*mechanism) : std::nullopt;
  if (!hash) return wrong("does not begin with SCRAM-SHA-256$ or SCRAM-SHA-1$");
  secret.hash = *hash;
  const auto iterations = take_until(text, ':');
  if (!iterations) return wrong("has no ':' behind the iterations");
  const char* const end = iterations->data() + iterations->size();
  const auto number = std::from_chars(iterations->data(), end, secret.iterations);
  if (number.ec != std::errc{} || number.ptr != end || secret.iterations < kScramIterationsMin ||
      secret.iterations > kScramIterationsMax) {
    return Failure{fmt::format("iterations must be a number from {} to {}", kScramIterationsMin, kScramIterationsMax)};
  }
  const auto salt_text = take_until(text, '$');
  if (!salt_text) return wrong("has no '$' behind the salt");
  auto salt = from_base64(*salt_text);
  if (!salt || salt->size() < kScramSaltBytesMin || salt->size() > kScramSaltBytesMax) {
    return Failure{fmt::format("the salt must be base64 of {} to {} bytes", kScramSaltBytesMin, kScramSaltBytesMax)};
  }
  const auto stored_text = take_until(text, ':');
  if (!stored_text) return wrong("has no ':' behind the stored key");
  auto stored_key = from_base64(*stored_text);
  auto server_key = from_base64(text);
  if (!stored_key || stored_key->size() != key_bytes(*hash) || !server_key || server_key->size() != key_bytes(*hash)) {
    return Failure{fmt::format("the keys must be base64 of {} bytes each", key_bytes(*hash))};
  }
  secret.salt = std::move(*salt);
  secret.stored_key = std::move(*stored_key);
  secret.server_key = std::move(*server_key);
  return secret;
}

std::string format_scram_secret(const ScramSecret& secret) {
  return fmt::format("{}${}:{}${}:{}", mechanism_of(secret.hash), secret.iterations, base64(secret.salt),
                     base64(secret.stored_key), base64(secret.server_key));
}

ScramSecret derive_scram_secret(ScramHash hash, std::string_view password, std::string salt, std::uint32_t iterations) {
  std::string salted(key_bytes(hash), '\0');
  const bool made = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(std::string_view(salt)),
                                      static_cast<int>(salt.size()), static_cast<int>(iterations), digest_of(hash),
                                      static_cast<int>(salted.size()), bytes_of(salted)) == 1;
  TOMBO_ASSERT(made);
  ScramSecret secret;
  secret.hash = hash;
  secret.iterations = iterations;
  secret.salt = std::move(salt);
  std::string client_key = hmac(hash, salted, "Client Key");
  secret.stored_key = plain_hash(hash, client_key);
  secret.server_key = hmac(hash, salted, "Server Key");
  OPENSSL_cleanse(salted.data(), salted.size());
  OPENSSL_cleanse(client_key.data(), client_key.size());
  return secret;
}

bool opens(const ScramSecret& secret, std::string_view password) {
  // To HMAC a key with NULs behind it is the same key, and so it would be the same password.
  if (password.find('\0') != std::string_view::npos) return false;
  const ScramSecret other = derive_scram_secret(secret.hash, password, secret.salt, secret.iterations);
  return other.stored_key.size() == secret.stored_key.size() &&
         CRYPTO_memcmp(other.stored_key.data(), secret.stored_key.data(), secret.stored_key.size()) == 0;
}

}  // namespace tombo::auth
