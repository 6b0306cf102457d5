#include "filter/tls/tickets.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>

namespace tombo::filter {

TicketKeys::TicketKeys(std::chrono::seconds lifetime, Now now) : lifetime_(lifetime), now_(now) {
  good_ = make(current_, now_());
}

TicketKeys::TicketKeys(const TicketKeys& previous, std::chrono::seconds lifetime) : lifetime_(lifetime), now_(previous.now_) {
  const std::lock_guard lock(previous.mutex_);
  current_ = previous.current_;
  previous_ = previous.previous_;
  good_ = previous.good_;
}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

bool TicketKeys::make(Key& key, Time now) {
  key.there = RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
              RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1 &&
              RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1;
  key.made = now;
  return key.there;
}

void TicketKeys::rotate() {
  const Time now = now_();
  if (now - current_.made >= lifetime_) {
    previous_ = current_;
    good_ = make(current_, now);
  }
  if (previous_.there && now - previous_.made >= 2 * lifetime_) {
    OPENSSL_cleanse(&previous_, sizeof previous_);
    previous_ = {};
  }
}

const TicketKeys::Key* TicketKeys::find(const unsigned char* name) const {
  for (const Key* key : {&current_, &previous_}) {
    if (key->there && std::memcmp(name, key->name.data(), key->name.size()) == 0) return key;
  }
  return nullptr;
}

bool TicketKeys::knows(std::string_view ticket) const {
  if (ticket.size() < current_.name.size()) return false;
  const std::lock_guard lock(mutex_);
  return find(reinterpret_cast<const unsigned char*>(ticket.data())) != nullptr;
}

int TicketKeys::use(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool seal) {
  const std::lock_guard lock(mutex_);
  rotate();
  if (!good_) return -1;
  if (seal) {
    std::memcpy(name, current_.name.data(), current_.name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  }
  const Key* key = seal ? &current_ : find(name);
  if (key == nullptr) return 0;
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, seal ? 1 : 0) != 1) return -1;
  char digest[] = "SHA256";
  auto* secret = const_cast<unsigned char*>(key->mac.data());
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret, key->mac.size()),
                                   OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
  return seal || key == &current_ ? 1 : 2;
}

}  // namespace tombo::filter
