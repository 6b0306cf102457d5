#include "auth/password_hash.hpp"

#include "base/base64.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <charconv>
#include <memory>
#include <optional>
#include <utility>

namespace tombo::auth {

namespace {

constexpr std::size_t kSha512Bytes = 64;
constexpr std::size_t kSaltBytesMax = 64;
constexpr std::size_t kArgon2SaltBytesMin = 8;
constexpr std::size_t kArgon2HashBytesMin = 16;  // fewer are no proof
constexpr std::size_t kArgon2HashBytesMax = 128;
constexpr std::uint32_t kPbkdf2Iterations = 210'000;  // OWASP's advice for SHA-512
constexpr std::size_t kMosquittoSaltBytes = 12;       // Mosquitto 2.0 takes no other length
constexpr std::size_t kArgon2SaltBytes = 16;
constexpr std::size_t kArgon2HashBytes = 32;

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t min, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max) return std::nullopt;
  return value;
}

/// "m=65536" with key "m=".
std::optional<std::uint32_t> number_of(std::string_view key, std::string_view text, std::uint32_t min, std::uint32_t max) {
  if (!text.starts_with(key)) return std::nullopt;
  return number(text.substr(key.size()), min, max);
}

/// base64 as argon2 writes it: without padding.
std::optional<std::string> from_bare_base64(std::string_view text) {
  if (text.ends_with('=')) return std::nullopt;
  std::string padded{text};
  padded.append((4 - padded.size() % 4) % 4, '=');
  return from_base64(padded);
}

std::string bare_base64(std::string_view bytes) {
  std::string text = base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

bool fits(const std::optional<std::string>& bytes, std::size_t min, std::size_t max) {
  return bytes && bytes->size() >= min && bytes->size() <= max;
}

std::string sha512(std::string_view password, std::string_view salt) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  std::string hash(kSha512Bytes, '\0');
  const bool done = context && EVP_DigestInit_ex(context.get(), EVP_sha512(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), password.data(), password.size()) == 1 &&
                    EVP_DigestUpdate(context.get(), salt.data(), salt.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr) == 1;
  return done ? hash : std::string{};
}

std::string pbkdf2(std::string_view password, std::string_view salt, std::uint32_t iterations) {
  // HMAC fills keys up with zeros: 'pw' and 'pw\0' have the same hash, so only one of them may be a password.
  if (password.ends_with('\0')) return {};
  std::string hash(kSha512Bytes, '\0');
  const int done = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                                     reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                                     static_cast<int>(iterations), EVP_sha512(), static_cast<int>(hash.size()),
                                     reinterpret_cast<unsigned char*>(hash.data()));
  return done == 1 ? hash : std::string{};
}

}  // namespace

Result<PasswordHash, std::string> PasswordHash::parse(std::string_view text) {
  const auto parts = split(text, '$');
  if (text.empty()) return Failure{std::string{"there is no password hash"}};
  if (parts.size() < 2 || !parts[0].empty()) {
    return Failure{std::string{"this is no password hash: one begins with $6$, $7$ or $argon2id$"}};
  }
  PasswordHash made;
  std::string why = "this kind of hash is not known: known are $6$, $7$ and $argon2id$";
  if (parts[1] == "6" || parts[1] == "7") why = made.read_mosquitto(parts);
  if (parts[1] == "argon2id") why = made.read_argon2id(parts);
  if (!why.empty()) return Failure{std::move(why)};
  return made;
}

std::string PasswordHash::read_mosquitto(const std::vector<std::string_view>& parts) {
  const bool plain = parts[1] == "6";
  const std::size_t at = plain ? 2 : 3;
  kind_ = plain ? Kind::sha512 : Kind::pbkdf2;
  if (parts.size() != at + 2) return plain ? "a hash of kind 6 is $6$SALT$HASH" : "a hash of kind 7 is $7$ITERATIONS$SALT$HASH";
  const auto iterations = plain ? std::optional<std::uint32_t>{0} : number(parts[2], 1, kPbkdf2IterationsMax);
  if (!iterations) return fmt::format("the iterations of a hash of kind 7 are a number from 1 to {}", kPbkdf2IterationsMax);
  iterations_ = *iterations;
  auto salt = from_base64(parts[at]);
  auto hash = from_base64(parts[at + 1]);
  if (!fits(salt, 1, kSaltBytesMax)) return fmt::format("the salt must be base64 of 1 to {} bytes", kSaltBytesMax);
  if (!fits(hash, kSha512Bytes, kSha512Bytes)) return fmt::format("the hash must be base64 of {} bytes", kSha512Bytes);
  salt_ = std::move(*salt);
  hash_ = std::move(*hash);
  return {};
}

std::string PasswordHash::read_argon2id(const std::vector<std::string_view>& parts) {
  if (!has_argon2id()) return "argon2id is not compiled in";
  kind_ = Kind::argon2id;
  if (parts.size() != 6 || parts[2] != "v=19")
    return "a hash of kind argon2id is $argon2id$v=19$m=KIB,t=PASSES,p=LANES$SALT$HASH";
  const auto costs = split(parts[3], ',');
  const auto cost = [&](std::size_t at, std::string_view key, std::uint32_t min, std::uint32_t max) {
    return costs.size() == 3 ? number_of(key, costs[at], min, max) : std::nullopt;
  };
  const auto lanes = cost(2, "p=", 1, kArgon2LanesMax);
  const auto memory = cost(0, "m=", 8 * lanes.value_or(1), kArgon2MemoryKibMax);
  const auto passes = cost(1, "t=", 1, kArgon2PassesMax);
  if (!lanes || !memory || !passes) {
    return fmt::format("the costs of argon2id are m=KIB,t=PASSES,p=LANES, at most m={},t={},p={} and at least m=8 for each lane",
                       kArgon2MemoryKibMax, kArgon2PassesMax, kArgon2LanesMax);
  }
  cost_ = {*memory, *passes, *lanes};
  auto salt = from_bare_base64(parts[4]);
  auto hash = from_bare_base64(parts[5]);
  if (!fits(salt, kArgon2SaltBytesMin, kSaltBytesMax)) {
    return fmt::format("the salt must be base64 without padding of {} to {} bytes", kArgon2SaltBytesMin, kSaltBytesMax);
  }
  if (!fits(hash, kArgon2HashBytesMin, kArgon2HashBytesMax)) {
    return fmt::format("the hash must be base64 without padding of {} to {} bytes", kArgon2HashBytesMin, kArgon2HashBytesMax);
  }
  salt_ = std::move(*salt);
  hash_ = std::move(*hash);
  return {};
}

Result<PasswordHash, std::string> PasswordHash::make(Kind kind, std::string_view password) {
  PasswordHash made;
  made.kind_ = kind;
  if (kind == Kind::pbkdf2 && password.ends_with('\0'))
    return Failure{std::string{"PBKDF2 cannot tell whether a password ends in NUL"}};
  made.iterations_ = kPbkdf2Iterations;
  made.salt_.resize(kind == Kind::argon2id ? kArgon2SaltBytes : kMosquittoSaltBytes);
  if (RAND_bytes(reinterpret_cast<unsigned char*>(made.salt_.data()), static_cast<int>(made.salt_.size())) != 1) {
    return Failure{std::string{"the machine has no random numbers"}};
  }
  made.hash_ = made.hash(password, kArgon2HashBytes);
  if (made.hash_.empty())
    return Failure{std::string{has_argon2id() ? "the hash could not be computed" : "argon2id is not compiled in"}};
  return made;
}

std::string PasswordHash::hash(std::string_view password, std::size_t bytes) const {
  switch (kind_) {
    case Kind::sha512: return sha512(password, salt_);
    case Kind::pbkdf2: return pbkdf2(password, salt_, iterations_);
    case Kind::argon2id: return argon2id(password, salt_, cost_, bytes).value_or(std::string{});
  }
  return {};
}

bool PasswordHash::verify(std::string_view password) const {
  const std::string got = hash(password, hash_.size());
  // got is empty where the hash could not be computed: that is no proof.
  return !got.empty() && got.size() == hash_.size() && CRYPTO_memcmp(got.data(), hash_.data(), got.size()) == 0;
}

std::string PasswordHash::text() const {
  switch (kind_) {
    case Kind::sha512: return fmt::format("$6${}${}", base64(salt_), base64(hash_));
    case Kind::pbkdf2: return fmt::format("$7${}${}${}", iterations_, base64(salt_), base64(hash_));
    case Kind::argon2id:
      return fmt::format("$argon2id$v=19$m={},t={},p={}${}${}", cost_.memory_kib, cost_.passes, cost_.lanes, bare_base64(salt_),
                         bare_base64(hash_));
  }
  return {};
}

}  // namespace tombo::auth
