#include "auth/verdict_cache.hpp"

#include "base/assert.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <string>

namespace tombo::auth {

KeyedHash::KeyedHash() { TOMBO_ASSERT(RAND_bytes(key_.data(), static_cast<int>(key_.size())) == 1); }

KeyedHash::Digest KeyedHash::of(std::initializer_list<std::string_view> fields) const {
  std::size_t bytes = 0;
  for (const std::string_view field : fields) bytes += sizeof(std::uint64_t) + field.size();
  std::string text;
  text.reserve(bytes);  // so that no copy of a password stays behind in memory that was given back
  for (const std::string_view field : fields) {
    const std::uint64_t length = field.size();
    text.append(reinterpret_cast<const char*>(&length), sizeof length);
    text.append(field);
  }
  Digest digest{};
  unsigned length = 0;
  const bool made = HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length) != nullptr;
  TOMBO_ASSERT(made && length == digest.size());
  OPENSSL_cleanse(text.data(), text.size());
  return digest;
}

std::optional<Verdict> VerdictCache::find(const KeyedHash::Digest& key) {
  auto verdict = answers_.find(key);
  if (!verdict || !verdict->principal) return verdict;
  const std::int64_t ends_at_s = verdict->principal->ends_at_s;
  if (ends_at_s != 0 && ends_at_s <= clock_.unix_seconds()) return {};
  return verdict;
}

void VerdictCache::keep(const KeyedHash::Digest& key, const Verdict& verdict, Seconds ttl) {
  if (verdict.kind != Verdict::Kind::error) answers_.keep(key, verdict, ttl);
}

}  // namespace tombo::auth
