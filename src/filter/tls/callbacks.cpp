#include "filter/tls/callbacks.hpp"

#include "filter/tls/identity.hpp"
#include "filter/tls/limits.hpp"
#include "filter/tls/notes.hpp"
#include "filter/tls/resumption.hpp"
#include "filter/tls/words.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>

namespace tombo::filter {

namespace {

const TlsContext& context_of(const SSL* ssl) {
  return *static_cast<const TlsContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

const TlsContext& context_of(void* argument) {
  return *static_cast<const TlsContext*>(argument);
}

/// The newest version that the client speaks.
int newest_version(SSL* ssl) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &bytes, &size) != 1) {
    return static_cast<int>(SSL_client_hello_get0_legacy_version(ssl));
  }
  int newest = 0;
  for (std::size_t at = 1; at + 1 < size; at += 2) {
    const int version = bytes[at] << 8 | bytes[at + 1];
    if (version >= SSL3_VERSION && version <= TLS1_3_VERSION) newest = std::max(newest, version);
  }
  return newest;
}

/// Whether somebody must be asked for the key of an identity in a ClientHello of TLS 1.3: the first that is none
/// of our own tickets.  Where a ticket stands in front of it, it is asked for all the same: the ticket may be void.
bool wants_key(SSL* ssl, KeyWish& wish) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_psk, &bytes, &size) != 1) return false;
  const TicketKeys* tickets = context_of(ssl).tickets();
  for (const std::string_view identity : offered_identities({bytes, size})) {
    if (wish.key_of(identity) != nullptr) return false;
    if (tickets != nullptr && tickets->knows(identity)) continue;
    if (wish.want(identity)) return true;
  }
  return false;
}

/// Called again once the key is there.
int on_client_hello(SSL* ssl, int* /*alert*/, void* /*argument*/) {
  Notes* notes = notes_of(ssl);
  if (notes == nullptr) return SSL_CLIENT_HELLO_SUCCESS;
  notes->version_max = newest_version(ssl);
  const bool asks = context_of(ssl).asks_for_keys() && notes->version_max >= TLS1_3_VERSION;
  return asks && wants_key(ssl, notes->wish) ? SSL_CLIENT_HELLO_RETRY : SSL_CLIENT_HELLO_SUCCESS;
}

int on_server_name(SSL* ssl, int* /*alert*/, void* argument) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  SSL_CTX* wanted = name == nullptr ? nullptr : context_of(argument).for_name(name);
  if (wanted == nullptr) return SSL_TLSEXT_ERR_NOACK;
  if (wanted != SSL_get_SSL_CTX(ssl) && SSL_set_SSL_CTX(ssl, wanted) == nullptr) return SSL_TLSEXT_ERR_ALERT_FATAL;
  return SSL_TLSEXT_ERR_OK;
}

bool offers(const unsigned char* list, unsigned size, std::string_view wanted, const unsigned char** out,
            unsigned char* out_size) {
  for (unsigned at = 0; at < size; at += 1U + list[at]) {
    if (list[at] != wanted.size() || at + 1U + list[at] > size) continue;
    if (std::memcmp(list + at + 1, wanted.data(), wanted.size()) != 0) continue;
    *out = list + at + 1;
    *out_size = list[at];
    return true;
  }
  return false;
}

int on_alpn(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size, const unsigned char* list, unsigned size,
            void* argument) {
  const config::Protocol protocol = context_of(argument).protocol();
  const bool web = protocol != config::Protocol::mqtt;
  if (protocol == config::Protocol::websocket && offers(list, size, "http/1.1", out, out_size)) return SSL_TLSEXT_ERR_OK;
  if (offers(list, size, "mqtt", out, out_size)) return SSL_TLSEXT_ERR_OK;
  if (web && offers(list, size, "http/1.1", out, out_size)) return SSL_TLSEXT_ERR_OK;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int on_status(SSL* ssl, void* argument) {
  const TlsContext& context = context_of(argument);
  const Staple& staple = context.staple();
  if (SSL_get_SSL_CTX(ssl) != context.first()) return SSL_TLSEXT_ERR_NOACK;  // it is for another certificate
  if (staple.until_s != 0 && staple.until_s <= std::time(nullptr)) return SSL_TLSEXT_ERR_NOACK;
  void* copy = OPENSSL_memdup(staple.der.data(), staple.der.size());
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(staple.der.size()));
  return SSL_TLSEXT_ERR_OK;
}

/// Whoever gave the key is asked again the next time, and may give none then: no ticket goes around that.
int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seal) {
  const Notes* notes = notes_of(ssl);
  if (seal == 1 && notes != nullptr && notes->wish.key_is_used) return 0;
  TicketKeys* keys = context_of(ssl).tickets();
  return keys == nullptr ? 0 : keys->use(name, iv, cipher, mac, seal == 1);
}

int on_ticket_made(SSL* ssl, void* argument) {
  return mark_for_ticket(ssl, context_of(argument).admission()) ? 1 : 0;
}

SSL_TICKET_RETURN on_ticket_opened(SSL* /*ssl*/, SSL_SESSION* session, const unsigned char* /*name*/, std::size_t /*size*/,
                                   SSL_TICKET_STATUS status, void* argument) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
  if (!may_resume(session, context_of(argument).admission())) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

/// The file's key, or that which was asked for before OpenSSL wanted it.
const std::string* find_psk(SSL* ssl, std::string_view identity) {
  const auto& psks = context_of(ssl).psks();
  const std::string* key = psks ? psks->find(identity) : nullptr;
  Notes* notes = notes_of(ssl);
  if (notes == nullptr) return key;
  if (key == nullptr) {
    key = notes->wish.key_of(identity);
    notes->wish.key_is_used = key != nullptr;
    if (key != nullptr && SSL_version(ssl) >= TLS1_3_VERSION) SSL_set_num_tickets(ssl, 0);
  }
  notes->psk_identity = identity;
  notes->psk_known = key != nullptr;
  return key;
}

/// TLS 1.2
unsigned on_psk(SSL* ssl, const char* identity, unsigned char* into, unsigned size) {
  if (SSL_version(ssl) >= TLS1_3_VERSION || identity == nullptr) return 0;  // on_psk_session has answered
  const std::string* key = find_psk(ssl, identity);
  if (key == nullptr || key->size() > size) return 0;
  std::memcpy(into, key->data(), key->size());
  return static_cast<unsigned>(key->size());
}

/// TLS 1.3, where tickets that are no longer known come along here, too.  RFC 8446 4.2.11: such keys go with SHA-256.
int on_psk_session(SSL* ssl, const unsigned char* identity, std::size_t size, SSL_SESSION** session) {
  *session = nullptr;
  if (size > kPskIdentityBytesMax) return 1;
  const std::string_view name(reinterpret_cast<const char*>(identity), size);
  const std::string* key = find_psk(ssl, name);
  if (key == nullptr) return 1;
  constexpr unsigned char kAes128GcmSha256[] = {0x13, 0x01};
  SSL_SESSION* made = SSL_SESSION_new();
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, kAes128GcmSha256);
  const auto* bytes = reinterpret_cast<const unsigned char*>(key->data());
  if (made == nullptr || cipher == nullptr || SSL_SESSION_set1_master_key(made, bytes, key->size()) != 1 ||
      SSL_SESSION_set_cipher(made, cipher) != 1 || SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION) != 1 ||
      !mark_session(made, context_of(ssl).admission(), name)) {
    SSL_SESSION_free(made);
    return 0;
  }
  *session = made;
  return 1;
}

int on_certificate(int good, X509_STORE_CTX* checked) {
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* certificate = X509_STORE_CTX_get_current_cert(checked);
  Notes* notes = notes_of(ssl);
  if (good != 1) {
    if (notes != nullptr) notes->certificate = words_for_certificate(certificate, X509_STORE_CTX_get_error(checked));
    return 0;
  }
  if (X509_STORE_CTX_get_error_depth(checked) != 0 || certificate == nullptr) return 1;
  const std::string wrong = objection(names_of(certificate), context_of(ssl).user_name_from());
  if (wrong.empty()) return 1;
  if (notes != nullptr) notes->certificate = "certificate of " + subject_for_log(certificate) + ": " + wrong;
  X509_STORE_CTX_set_error(checked, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void on_secret(const SSL* ssl, const char* line) {
  if (const KeyLog* key_log = context_of(ssl).key_log()) key_log->write(line);
}

}  // namespace

void install_callbacks(SSL_CTX* ssl_context, const TlsContext* context) {
  void* argument = const_cast<TlsContext*>(context);
  if (context->key_log() != nullptr) SSL_CTX_set_keylog_callback(ssl_context, on_secret);
  SSL_CTX_set_app_data(ssl_context, argument);
  SSL_CTX_set_client_hello_cb(ssl_context, on_client_hello, nullptr);
  SSL_CTX_set_tlsext_servername_callback(ssl_context, on_server_name);
  SSL_CTX_set_tlsext_servername_arg(ssl_context, argument);
  SSL_CTX_set_alpn_select_cb(ssl_context, on_alpn, argument);
  if (!context->staple().der.empty()) {
    SSL_CTX_set_tlsext_status_cb(ssl_context, on_status);
    SSL_CTX_set_tlsext_status_arg(ssl_context, argument);
  }
  SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl_context, on_ticket_key);
  SSL_CTX_set_session_ticket_cb(ssl_context, on_ticket_made, on_ticket_opened, argument);
  if (context->psks() || context->asks_for_keys()) {
    SSL_CTX_set_psk_server_callback(ssl_context, on_psk);
    SSL_CTX_set_psk_find_session_callback(ssl_context, on_psk_session);
  }
}

void install_verification(SSL_CTX* ssl_context, int mode) {
  SSL_CTX_set_verify(ssl_context, mode, on_certificate);
}

}  // namespace tombo::filter
