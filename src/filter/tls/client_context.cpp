#include "filter/tls/client_context.hpp"

#include "config/bridge_words.hpp"
#include "filter/tls/limits.hpp"
#include "filter/tls/pem.hpp"
#include "filter/tls/span_bio.hpp"
#include "filter/tls/staple_check.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tombo::filter {

namespace {

const TlsClientContext& context_of(const SSL* ssl) {
  return *static_cast<const TlsClientContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

unsigned give_psk(SSL* ssl, const char* /*hint*/, char* identity, unsigned identity_max, unsigned char* key,
                  unsigned key_max) {
  const TlsClientContext& context = context_of(ssl);
  if (context.psk_identity().size() >= identity_max || context.psk().size() > key_max) return 0;
  std::memcpy(identity, context.psk_identity().c_str(), context.psk_identity().size() + 1);
  std::memcpy(key, context.psk().data(), context.psk().size());
  return static_cast<unsigned>(context.psk().size());
}

int judge_staple(SSL* ssl, void* /*unused*/) {
  if (!context_of(ssl).requires_ocsp()) return 1;
  return staple_is_good(ssl) ? 1 : 0;
}

void on_secret(const SSL* ssl, const char* line) {
  context_of(ssl).key_log()->write(line);
}

}  // namespace

std::shared_ptr<const TlsClientContext> TlsClientContext::load(const config::BridgeTls& options, Problems& problems,
                                                               std::shared_ptr<const KeyLog> key_log) {
  const std::shared_ptr<TlsClientContext> made(new TlsClientContext);
  made->key_log_ = std::move(key_log);
  made->bio_method_ = span_bio_method();
  made->context_.reset(SSL_CTX_new(TLS_client_method()));
  if (made->bio_method_ == nullptr || made->context_ == nullptr) {
    problems.push_back(openssl_error());
    return nullptr;
  }
  SSL_CTX_set_app_data(made->context(), made.get());
  if (made->key_log_ != nullptr) SSL_CTX_set_keylog_callback(made->context(), on_secret);
  made->verify_host_ = options.verify_host;
  made->require_ocsp_ = options.require_ocsp;
  made->set_rules(options, problems);
  if (options.psk.empty()) {
    made->set_trust(options, problems);
    made->set_credential(options, problems);
  } else {
    made->set_psk(options, problems);
  }
  return problems.empty() ? made : nullptr;
}

void TlsClientContext::set_rules(const config::BridgeTls& options, Problems& problems) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_min_proto_version(context, options.tls_min == config::TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // Without a certificate that is verified there is no connection, but by a pre-shared key.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  set_ciphers(options, problems);
  if (!options.alpn.empty()) {
    std::string list(1, static_cast<char>(options.alpn.size()));
    list += options.alpn;
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned>(list.size()));
  }
  if (!options.require_ocsp) return;
  SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_set_tlsext_status_cb(context, judge_staple);
}

void TlsClientContext::set_ciphers(const config::BridgeTls& options, Problems& problems) {
  const auto check = [&](int good, std::string option, const std::string& value) {
    if (good != 1) problems.push_back(std::move(option) + " = \"" + value + "\": " + openssl_error());
  };
  if (!options.ciphers.empty())
    check(SSL_CTX_set_cipher_list(context(), options.ciphers.c_str()), "ciphers", options.ciphers);
  if (!options.ciphersuites.empty())
    check(SSL_CTX_set_ciphersuites(context(), options.ciphersuites.c_str()), "ciphersuites", options.ciphersuites);
}

void TlsClientContext::set_trust(const config::BridgeTls& options, Problems& problems) {
  if (options.ca_file.empty() && options.ca_directory.empty()) {
    if (SSL_CTX_set_default_verify_paths(context_.get()) != 1)
      problems.push_back("the system's authorities: " + openssl_error());
    return;
  }
  if (!options.ca_file.empty()) add_authorities(options.ca_file, problems);
  if (options.ca_directory.empty()) return;
  const auto files = certificate_files(options.ca_directory);
  if (!files) return problems.push_back(files.error());
  for (const std::string& file : *files) add_authorities(file, problems);
}

void TlsClientContext::add_authorities(const std::string& file, Problems& problems) {
  const auto text = read_file(file, kTrustFileBytesMax);
  if (!text) return problems.push_back(text.error());
  const std::size_t before = problems.size();
  const auto found = read_certificates(*text, file, problems);
  if (found.empty() && problems.size() == before) problems.push_back(file + ": no certificate in it");
  X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
  for (const CertificatePtr& authority : found) {
    if (X509_STORE_add_cert(store, authority.get()) != 1) problems.push_back(file + ": " + openssl_error());
  }
}

void TlsClientContext::set_credential(const config::BridgeTls& options, Problems& problems) {
  if (options.certificate.empty()) return;
  const auto text = read_file(options.certificate, kCertificateFileBytesMax);
  const auto key_text = read_file(options.key, kCertificateFileBytesMax);
  if (!text) problems.push_back(text.error());
  if (!key_text) problems.push_back(key_text.error());
  if (!text || !key_text) return;
  const auto chain = read_certificates(*text, options.certificate, problems);
  const KeyPtr key = read_key(*key_text, options.key, problems);
  if (chain.empty()) problems.push_back(options.certificate + ": no certificate in it");
  if (chain.empty() || key == nullptr) return;
  SSL_CTX* context = context_.get();
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
    return problems.push_back(options.certificate + ": " + openssl_error());
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    problems.push_back(options.key + ": this is not the key of " + options.certificate + ": " + openssl_error());
  }
}

void TlsClientContext::set_psk(const config::BridgeTls& options, Problems& problems) {
  psk_identity_ = options.psk_identity;
  if (!config::parse_hex(options.psk, psk_) || psk_.empty() || psk_.size() > kPskKeyBytesMax)
    problems.push_back("psk: this is no key in hex");
  if (psk_identity_.empty() || psk_identity_.size() > kPskIdentityBytesMax)
    problems.push_back("psk_identity: between 1 and 255 bytes");
  SSL_CTX_set_psk_client_callback(context_.get(), give_psk);
  if (options.ciphers.empty()) SSL_CTX_set_cipher_list(context_.get(), "PSK:!NULL");
}

}  // namespace tombo::filter
