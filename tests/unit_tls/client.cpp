#include "unit_tls/client.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>

namespace tombo::test {

Client::Client(const Manner& manner) : manner_(manner), context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_security_level(context, manner.version_max < TLS1_2_VERSION ? 0 : 1);
  SSL_CTX_set_min_proto_version(context, manner.version_min);
  SSL_CTX_set_max_proto_version(context, manner.version_max);
  if (!manner.ciphers.empty()) SSL_CTX_set_cipher_list(context, manner.ciphers.c_str());
  if (!manner.suites.empty()) SSL_CTX_set_ciphersuites(context, manner.suites.c_str());
  if (!manner.groups.empty()) SSL_CTX_set1_groups_list(context, manner.groups.c_str());
  if (manner.trusts != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), manner.trusts->own().certificate.get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (manner.certificate != nullptr) {
    SSL_CTX_use_certificate(context, manner.certificate->certificate.get());
    SSL_CTX_use_PrivateKey(context, manner.certificate->key.get());
    for (const Issued* link : manner.chain) SSL_CTX_add1_chain_cert(context, link->certificate.get());
  }
  if (!manner.psk_identity.empty()) SSL_CTX_set_psk_client_callback(context, on_psk);
  std::string offered;
  for (const std::string& protocol : manner.alpn) offered += static_cast<char>(protocol.size()) + protocol;
  if (!offered.empty()) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
  }
  SSL_CTX_set_info_callback(context, on_info);
  ssl_.reset(SSL_new(context));
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (!manner.server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), manner.server_name.c_str());
  if (manner.wants_staple) SSL_set_tlsext_status_type(ssl_.get(), TLSEXT_STATUSTYPE_ocsp);
  if (manner.resumes != nullptr) SSL_set_session(ssl_.get(), manner.resumes);
  SSL_set_connect_state(ssl_.get());
}

unsigned Client::on_psk(SSL* ssl, const char* hint, char* identity, unsigned identity_max, unsigned char* key,
                        unsigned key_max) {
  auto* self = static_cast<Client*>(SSL_get_app_data(ssl));
  if (hint != nullptr) self->hint_ = hint;
  const Manner& manner = self->manner_;
  if (manner.psk_identity.size() >= identity_max || manner.psk_key.size() > key_max) return 0;
  std::memcpy(identity, manner.psk_identity.c_str(), manner.psk_identity.size() + 1);
  std::memcpy(key, manner.psk_key.data(), manner.psk_key.size());
  return static_cast<unsigned>(manner.psk_key.size());
}

void Client::on_info(const SSL* ssl, int where, int code) {
  auto* self = static_cast<Client*>(SSL_get_app_data(ssl));
  if (self != nullptr && (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && (code >> 8) == 2) {
    self->alert_ = SSL_alert_desc_string_long(code);
  }
}

void Client::take(const std::vector<std::uint8_t>& bytes) {
  if (!bytes.empty()) BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  if (done_ || failed_) return;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  done_ = result == 1;
  failed_ = !done_ && SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ;
}

std::vector<std::uint8_t> Client::out() {
  BIO* bio = SSL_get_wbio(ssl_.get());
  std::vector<std::uint8_t> bytes(BIO_ctrl_pending(bio));
  if (!bytes.empty()) BIO_read(bio, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

void Client::write(std::string_view text) {
  if (SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) <= 0) std::abort();
}

std::string Client::read() {
  std::string all;
  char chunk[16'384];
  for (;;) {
    const int size = SSL_read(ssl_.get(), chunk, sizeof chunk);
    if (size <= 0) break;
    all.append(chunk, static_cast<std::size_t>(size));
  }
  ERR_clear_error();
  return all;
}

void Client::update_keys(bool ask_back) {
  SSL_key_update(ssl_.get(), ask_back ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
  SSL_do_handshake(ssl_.get());
}

std::string Client::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string Client::staple() const {
  const unsigned char* bytes = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl_.get(), &bytes);
  return size <= 0 ? std::string() : std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::string Client::server_common_name() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  char name[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

SessionPtr Client::session() const {
  // A copy: OpenSSL takes a session back whose connection does not end in good order.
  SSL_SESSION* session = SSL_get_session(ssl_.get());
  return SessionPtr(session != nullptr && SSL_SESSION_is_resumable(session) == 1 ? SSL_SESSION_dup(session) : nullptr);
}

bool Pair::talk(std::size_t step) {
  std::vector<std::uint8_t> to_client;
  for (;;) {
    client.take(to_client);
    const std::vector<std::uint8_t> bytes = client.out();
    to_client.clear();
    if (bytes.empty()) break;
    recorded.insert(recorded.end(), bytes.begin(), bytes.end());
    std::vector<std::uint8_t> in;
    bool good = true;
    for (std::size_t at = 0; good && at < bytes.size();) {
      const std::size_t count = std::min(step == 0 ? bytes.size() : step, bytes.size() - at);
      good = server->receive({bytes.data() + at, count}, in, to_client);
      at += count;
    }
    inward.append(in.begin(), in.end());
    if (!good) {
      client.take(to_client);
      if (client.done()) client.read();  // sees the alert
      return false;
    }
  }
  return true;
}

bool Pair::send(std::string_view text) {
  std::vector<std::uint8_t> out;
  const bool good = server->send({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, out);
  client.take(out);
  return good;
}

}  // namespace tombo::test
