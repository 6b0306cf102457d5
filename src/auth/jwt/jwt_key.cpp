#include "auth/jwt/jwt_key.hpp"

#include "auth/files.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

namespace tombo::auth::jwt {

namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, Free>;

PublicKey public_key_of_pem(std::string_view text) {
  const std::unique_ptr<BIO, Free> bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  return PublicKey{bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr};
}

/// A public key in a form that is no PEM: not meant to be a secret, and known to many.
bool is_public_without_pem(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  return text.starts_with("ssh-") || text.starts_with("ecdsa-") ||
         PublicKey{d2i_PUBKEY(nullptr, &at, static_cast<long>(text.size()))} != nullptr;
}

Result<Key, std::string> secret_of(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (is_public_without_pem(text))
    return Failure{std::string{"this is a public key, but not in PEM (\"-----BEGIN PUBLIC KEY-----\")"}};
  if (text.size() < kSecretBytesMin) return Failure{fmt::format("a secret must have at least {} bytes", kSecretBytesMin)};
  return Key{Key::Kind::secret, std::string{text}};
}

Result<Key, std::string> elliptic_of(EVP_PKEY* key, std::string_view text) {
  char curve[64] = {};
  EVP_PKEY_get_utf8_string_param(key, "group", curve, sizeof curve, nullptr);
  constexpr std::array<std::pair<std::string_view, Key::Kind>, 3> kCurves{
      {{"prime256v1", Key::Kind::p256}, {"secp384r1", Key::Kind::p384}, {"secp521r1", Key::Kind::p521}}};
  for (const auto& [name, kind] : kCurves) {
    if (name == curve) return Key{kind, std::string{text}};
  }
  return Failure{fmt::format("the curve {} is for no algorithm: P-256, P-384 and P-521 are", curve)};
}

}  // namespace

std::optional<Algorithm> algorithm_named(std::string_view name) {
  const auto* const at = std::find(kAlgorithmNames.begin(), kAlgorithmNames.end(), name);
  if (at == kAlgorithmNames.end()) return std::nullopt;
  return static_cast<Algorithm>(at - kAlgorithmNames.begin());
}

Result<Key, std::string> Key::parse(std::string_view text) {
  if (text.find("-----BEGIN") == std::string_view::npos) return secret_of(text);
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) {
    return Failure{std::string{"this holds a private key, which only the issuer of tokens may have: give its public key"}};
  }
  const PublicKey key = public_key_of_pem(text);
  if (!key) return Failure{std::string{"this is PEM, but no public key (\"-----BEGIN PUBLIC KEY-----\")"}};
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA: {
      const int bits = EVP_PKEY_get_bits(key.get());
      if (bits >= kRsaBitsMin && bits <= kRsaBitsMax) return Key{Kind::rsa, std::string{text}};
      return Failure{fmt::format("an RSA key of {} bits; {} to {} are accepted", bits, kRsaBitsMin, kRsaBitsMax)};
    }
    case EVP_PKEY_EC: return elliptic_of(key.get(), text);
    default: return Failure{std::string{"this public key is neither RSA nor of an elliptic curve of NIST"}};
  }
}

bool Key::fits(Algorithm algorithm) const {
  switch (algorithm) {
    // A secret is at least as long as the hash.  [RFC 7518, 3.2]
    case Algorithm::hs256: return kind == Kind::secret && bytes.size() >= 32;
    case Algorithm::hs384: return kind == Kind::secret && bytes.size() >= 48;
    case Algorithm::hs512: return kind == Kind::secret && bytes.size() >= 64;
    case Algorithm::rs256:
    case Algorithm::rs384:
    case Algorithm::rs512: return kind == Kind::rsa;
    case Algorithm::es256: return kind == Kind::p256;
    case Algorithm::es384: return kind == Kind::p384;
    case Algorithm::es512: return kind == Kind::p521;
  }
  return false;
}

Result<KeySet, Problems> KeySet::load(const std::string& file, const std::string& directory) {
  KeySet keys;
  Problems problems;
  if (!file.empty()) {
    const auto text = read_file(file, kKeyFileBytesMax);
    if (!text) {
      problems.push_back(text.error());
    } else if (auto key = Key::parse(*text); !key) {
      problems.push_back(file + ": " + key.error());
    } else {
      keys.default_ = std::move(*key);
    }
  }
  if (!directory.empty()) keys.load_directory(directory, problems);
  if (!problems.empty()) return Failure{std::move(problems)};
  return keys;
}

void KeySet::load_directory(const std::string& directory, Problems& problems) {
  has_directory_ = true;
  std::error_code error;
  std::filesystem::directory_iterator entry{directory, error};
  for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
    const std::filesystem::path path = entry->path();
    const std::string id = path.stem().string();
    const std::string extension = path.extension().string();
    if (id.starts_with('.') || (extension != ".pem" && extension != ".key")) continue;
    if (by_id_.size() == kKeysMax) return problems.push_back(fmt::format("{}: more than {} keys", directory, kKeysMax));
    const auto text = read_file(path.string(), kKeyFileBytesMax);
    if (!text) {
      problems.push_back(text.error());
    } else if (auto key = Key::parse(*text); !key) {
      problems.push_back(path.string() + ": " + key.error());
    } else if (!by_id_.emplace(id, std::move(*key)).second) {
      problems.push_back(fmt::format("{}: there are two keys \"{}\", .pem and .key", directory, id));
    }
  }
  if (error) problems.push_back(fmt::format("{}: cannot read this directory: {}", directory, error.message()));
  if (!error && by_id_.empty() && problems.empty()) problems.push_back(directory + ": there is no KID.pem and no KID.key");
}

const Key* KeySet::find(const std::optional<std::string>& kid) const {
  if (!kid || !has_directory_) return default_ ? &*default_ : nullptr;
  const auto at = by_id_.find(*kid);
  return at == by_id_.end() ? nullptr : &at->second;
}

bool KeySet::any_fits(Algorithm algorithm) const {
  return (default_ && default_->fits(algorithm)) ||
         std::any_of(by_id_.begin(), by_id_.end(), [&](const auto& key) { return key.second.fits(algorithm); });
}

}  // namespace tombo::auth::jwt
