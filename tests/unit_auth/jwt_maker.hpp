#pragma once

#include "base/base64.hpp"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace tombo::auth::jwt {

/// A key pair, made anew.
class KeyPair {
 public:
  static KeyPair rsa(unsigned bits) { return KeyPair{EVP_RSA_gen(bits)}; }
  static KeyPair elliptic(const char* curve) { return KeyPair{EVP_EC_gen(curve)}; }
  static KeyPair ed25519() { return KeyPair{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}; }

  std::string public_pem() const {
    return text([this](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
  }
  std::string public_der() const {
    return text([this](BIO* bio) { return i2d_PUBKEY_bio(bio, key_.get()); });
  }
  std::string private_pem() const {
    return text([this](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  /// As a token wants it: RSA as it is, elliptic curves as r and s.
  std::string sign(std::string_view text, const EVP_MD* hash) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    std::size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key_.get()), 1);
    EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()), 1);
    std::string signature(size, '\0');
    EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size()), 1);
    signature.resize(size);
    return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_EC ? raw(signature) : signature;
  }

 private:
  explicit KeyPair(EVP_PKEY* key) : key_(key, EVP_PKEY_free) { EXPECT_NE(key, nullptr); }

  template <class Write>
  static std::string text(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new(BIO_s_mem()), BIO_free};
    EXPECT_EQ(write(bio.get()), 1);
    char* at = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &at);
    return {at, static_cast<std::size_t>(size)};
  }
  std::string raw(const std::string& der) const {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> both{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())),
                                                                     ECDSA_SIG_free};
    const int half = (EVP_PKEY_get_bits(key_.get()) + 7) / 8;
    std::string made(static_cast<std::size_t>(half) * 2, '\0');
    auto* out = reinterpret_cast<unsigned char*>(made.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(both.get()), out, half);
    BN_bn2binpad(ECDSA_SIG_get0_s(both.get()), out + half, half);
    return made;
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

inline std::string base64url(std::string_view bytes) {
  std::string text = base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

inline std::string unsigned_token(std::string_view header, std::string_view claims) {
  return base64url(header) + "." + base64url(claims);
}

inline std::string hmac(std::string_view secret, std::string_view text, const EVP_MD* hash) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned size = 0;
  HMAC(hash, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       made.data(), &size);
  return {reinterpret_cast<const char*>(made.data()), size};
}

/// A whole token.
inline std::string hs256(std::string_view secret, std::string_view claims,
                         std::string_view header = R"({"alg":"HS256","typ":"JWT"})") {
  const std::string text = unsigned_token(header, claims);
  return text + "." + base64url(hmac(secret, text, EVP_sha256()));
}

}  // namespace tombo::auth::jwt
