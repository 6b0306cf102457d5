#include "filter/tls/identity.hpp"

#include "filter/tls.hpp"
#include "filter/tls/resumption.hpp"
#include "mqtt/utf8.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

namespace tombo::filter {

namespace {

using From = config::UserNameFrom;

std::string text_or_nothing(const char* text) {
  return text != nullptr && mqtt::is_valid_text(text) ? text : std::string();
}

}  // namespace

std::string user_name_of(const CertificateNames& names, From from) {
  switch (from) {
    case From::certificate_cn:
      return names.common_names.size() == 1 ? names.common_names.front() : std::string();
    case From::certificate_subject:
      return names.subject;
    case From::certificate_san:
      return names.all.empty() ? std::string() : names.all.front();
    default:
      return {};
  }
}

std::string objection(const CertificateNames& names, From from) {
  if (!names.wrong.empty()) return names.wrong;
  switch (from) {
    case From::certificate_cn:
      if (names.common_names.size() > 1) return "it has several common names, and user_name_from wants one";
      return names.common_names.empty() ? "it has no common name, which user_name_from wants" : "";
    case From::certificate_subject:
      return names.subject.empty() ? "its subject is empty, which user_name_from wants" : "";
    case From::certificate_san:
      return names.all.empty() ? "it has no alternative name, which user_name_from wants" : "";
    default:
      return {};
  }
}

void describe(SSL* ssl, From from, auth::Peer& peer) {
  peer.tls_version = SSL_get_version(ssl);
  peer.tls_cipher = SSL_get_cipher_name(ssl);
  peer.server_name = text_or_nothing(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
  peer.psk_identity = psk_identity_of(ssl);
  if (from == From::psk_identity) peer.user_name = peer.psk_identity;
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return;
  CertificateNames names = names_of(certificate);
  if (!objection(names, from).empty()) return;
  if (std::string name = user_name_of(names, from); !name.empty()) peer.user_name = std::move(name);
  if (!names.common_names.empty()) peer.certificate_cn = std::move(names.common_names.front());
  peer.certificate_subject = std::move(names.subject);
  peer.certificate_names = std::move(names.all);
}

std::string certificate_of(SSL* ssl, From from) {
  X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return {};
  if (!objection(names_of(certificate), from).empty()) return {};
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

void* parsed_certificate(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  X509* made = d2i_X509(nullptr, &bytes, static_cast<long>(der.size()));
  if (made == nullptr) ERR_clear_error();
  return made;
}

}  // namespace tombo::filter
