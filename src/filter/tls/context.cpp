#include "filter/tls/context.hpp"

#include "filter/tls/callbacks.hpp"
#include "filter/tls/limits.hpp"
#include "filter/tls/pem.hpp"
#include "filter/tls/span_bio.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace tombo::filter {

namespace {

using config::ClientCertificate;
using config::UserNameFrom;

constexpr std::string_view kSessionContext = "tombo";
/// With pre-shared keys: those of SHA-256 first, because such a key goes with no other.
constexpr const char* kSuitesForPsk = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";

std::string name_of(const config::Listener& listener) {
  return "listener " + listener.address + ":" + std::to_string(listener.port);
}

/// What contradicts itself, before any file is read.
void check_options(const config::Listener& listener, Problems& problems, Problems& warnings) {
  const std::string where = name_of(listener) + ": ";
  const bool asks = listener.client_certificate != ClientCertificate::none;
  const UserNameFrom from = listener.user_name_from;
  if (!listener.has_tls()) problems.push_back(where + "neither certificates nor psk_file nor psk_hint: there is no TLS without");
  if (asks && listener.ca_file.empty() && listener.ca_directory.empty()) {
    problems.push_back(where + "client_certificate needs ca_file or ca_directory");
  }
  if (listener.client_certificate == ClientCertificate::required && listener.takes_psks()) {
    problems.push_back(where +
                       "client_certificate = required keeps out those with a pre-shared key; take optional");
  }
  if (!asks && (from == UserNameFrom::certificate_cn || from == UserNameFrom::certificate_subject ||
                from == UserNameFrom::certificate_san)) {
    problems.push_back(where + "user_name_from wants a certificate, and client_certificate is none");
  }
  if (from == UserNameFrom::psk_identity && !listener.takes_psks()) {
    problems.push_back(where + "user_name_from = psk_identity needs psk_file, or psk_hint and a plugin that gives keys");
  }
  if (!listener.ocsp_file.empty() && listener.certificates.empty()) {
    problems.push_back(where + "ocsp_file needs a certificate");
  }
  if (!asks && !listener.crls.empty()) warnings.push_back(where + "crls are not read, since client_certificate is none");
}

void set_ciphers(SSL_CTX* context, const config::Listener& listener, Problems& problems) {
  const auto check = [&](int good, const char* option, const std::string& value) {
    if (good != 1) problems.push_back(name_of(listener) + ": " + option + " = \"" + value + "\": " + openssl_error());
  };
  if (!listener.ciphers.empty()) {
    check(SSL_CTX_set_cipher_list(context, listener.ciphers.c_str()), "ciphers", listener.ciphers);
  }
  if (!listener.ciphersuites.empty()) {
    check(SSL_CTX_set_ciphersuites(context, listener.ciphersuites.c_str()), "ciphersuites", listener.ciphersuites);
  } else if (listener.takes_psks()) {
    check(SSL_CTX_set_ciphersuites(context, kSuitesForPsk), "ciphersuites", kSuitesForPsk);
  }
  if (!listener.groups.empty()) {
    check(static_cast<int>(SSL_CTX_set1_groups_list(context, listener.groups.c_str())), "groups", listener.groups);
  }
  if (!listener.psk_hint.empty()) {
    check(SSL_CTX_use_psk_identity_hint(context, listener.psk_hint.c_str()), "psk_hint", listener.psk_hint);
  }
}

void set_sessions(SSL_CTX* context, std::uint32_t timeout_s) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets alone
  const auto* id = reinterpret_cast<const unsigned char*>(kSessionContext.data());
  SSL_CTX_set_session_id_context(context, id, static_cast<unsigned>(kSessionContext.size()));
  if (timeout_s == 0) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  SSL_CTX_set_timeout(context, static_cast<long>(timeout_s));
  SSL_CTX_set_num_tickets(context, 1);
}

/// Tells clients whose certificates are taken, unless that would be long.
void tell_authorities(SSL_CTX* context, const Trust& trust) {
  if (trust.authorities.size() > static_cast<std::size_t>(kAuthoritiesTold)) return;
  for (const CertificatePtr& authority : trust.authorities) SSL_CTX_add_client_CA(context, authority.get());
}

}  // namespace

std::shared_ptr<const TlsContext> TlsContext::load(const config::Listener& listener, const TlsContext* previous,
                                                   Problems& problems, std::shared_ptr<const KeyLog> key_log) {
  const std::size_t before = problems.size();
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->key_log_ = std::move(key_log);
  made->user_name_from_ = listener.user_name_from;
  made->protocol_ = listener.protocol;
  made->asks_for_keys_ = listener.asks_for_keys();
  made->bio_method_ = span_bio_method();
  if (made->bio_method_ == nullptr) problems.push_back(name_of(listener) + ": " + openssl_error());
  check_options(listener, problems, made->warnings_);
  made->load_files(listener, problems);
  made->make_tickets(listener, previous, problems);
  ERR_clear_error();
  if (problems.size() != before) return nullptr;
  return made;
}

void TlsContext::load_files(const config::Listener& listener, Problems& problems) {
  AdmissionSum sum;
  sum.add(std::to_string(static_cast<int>(listener.user_name_from)));
  const Trust trust = load_trust(listener, sum, problems);
  std::vector<Credential> credentials = load_credentials(listener, problems, warnings_);
  if (!listener.psk_file.empty()) {
    auto text = read_file(listener.psk_file, kPskFileBytesMax);
    if (!text) {
      problems.push_back(text.error());
    } else {
      sum.add(*text);
      psks_.emplace(PskTable::parse(*text, listener.psk_file, problems, warnings_));
      OPENSSL_cleanse(text->data(), text->size());
    }
  }
  if (!listener.ocsp_file.empty() && !credentials.empty() && credentials.front().file == listener.certificates.front()) {
    staple_ = load_staple(listener.ocsp_file, credentials.front().certificate.get(), problems, warnings_);
  }
  admission_ = sum.finish();
  make_contexts(listener, std::move(credentials), trust, problems);
}

void TlsContext::make_contexts(const config::Listener& listener, std::vector<Credential> credentials, const Trust& trust,
                               Problems& problems) {
  // A first one even without certificates (PSK, or they are broken), so that the other options are checked, too.
  Problems told_already;
  do {
    SslContextPtr context = make_context(listener, trust, contexts_.empty() ? problems : told_already);
    if (context == nullptr) return;
    contexts_.push_back(std::move(context));
    // A second certificate for the same names with another kind of key: OpenSSL chooses by what the client can verify.
    if (credentials.empty()) break;
    Credential leader = std::move(credentials.front());
    credentials.erase(credentials.begin());
    SSL_CTX* into = contexts_.back().get();
    if (!add(into, leader, problems)) return;
    std::vector<int> kinds = {EVP_PKEY_get_base_id(leader.key.get())};
    std::erase_if(credentials, [&](const Credential& other) {
      const int kind = EVP_PKEY_get_base_id(other.key.get());
      if (other.names != leader.names || std::ranges::find(kinds, kind) != kinds.end()) return false;
      kinds.push_back(kind);
      return add(into, other, problems);
    });
    for (const std::string& name : leader.names) by_name_.try_emplace(name, into);
  } while (!credentials.empty());
}

SslContextPtr TlsContext::make_context(const config::Listener& listener, const Trust& trust, Problems& problems) {
  const std::size_t before = problems.size();
  SslContextPtr made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = made.get();
  if (context == nullptr) {
    problems.push_back(name_of(listener) + ": " + openssl_error());
    return nullptr;
  }
  SSL_CTX_set_min_proto_version(context, listener.tls_min == config::TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  if (listener.takes_psks()) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context, kClientChainBytesMax);
  set_ciphers(context, listener, problems);
  set_sessions(context, listener.tls_session_timeout_s);
  install_callbacks(context, this);
  if (trust.store != nullptr) {
    SSL_CTX_set1_cert_store(context, trust.store.get());
    tell_authorities(context, trust);
    const bool required = listener.client_certificate == ClientCertificate::required;
    install_verification(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0));
  }
  return problems.size() == before ? std::move(made) : nullptr;
}

bool TlsContext::add(SSL_CTX* context, const Credential& credential, Problems& problems) {
  STACK_OF(X509)* chain = sk_X509_new_null();
  for (const CertificatePtr& link : credential.chain) sk_X509_push(chain, link.get());
  const int good = SSL_CTX_use_cert_and_key(context, credential.certificate.get(), credential.key.get(), chain, 1);
  sk_X509_free(chain);
  if (good != 1) problems.push_back(credential.file + ": " + openssl_error());
  return good == 1;
}

void TlsContext::make_tickets(const config::Listener& listener, const TlsContext* previous, Problems& problems) {
  if (listener.tls_session_timeout_s == 0) return;
  const std::chrono::seconds lifetime(listener.tls_session_timeout_s);
  tickets_ = previous != nullptr && previous->tickets_ != nullptr ? std::make_unique<TicketKeys>(*previous->tickets_, lifetime)
                                                                  : std::make_unique<TicketKeys>(lifetime);
  if (!tickets_->good()) problems.push_back(name_of(listener) + ": no random numbers for ticket keys");
}

SSL_CTX* TlsContext::for_name(std::string_view name) const {
  const std::string wanted = host_name(name);
  if (const auto exact = by_name_.find(wanted); exact != by_name_.end()) return exact->second;
  const std::size_t dot = wanted.find('.');
  if (dot == std::string::npos || dot == 0) return nullptr;
  const auto wildcard = by_name_.find("*" + wanted.substr(dot));
  return wildcard == by_name_.end() ? nullptr : wildcard->second;
}

}  // namespace tombo::filter
