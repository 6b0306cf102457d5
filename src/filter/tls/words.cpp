#include "filter/tls/words.hpp"

#include "filter/tls/names.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

namespace tombo::filter {

namespace {

constexpr std::size_t kPrintableBytesMax = 64;

std::string only_speaks(const Notes* notes) {
  switch (notes != nullptr ? notes->version_max : 0) {
    case SSL3_VERSION:
      return "TLS: the client speaks only SSL 3";
    case TLS1_VERSION:
      return "TLS: the client speaks only TLS 1.0";
    case TLS1_1_VERSION:
      return "TLS: the client speaks only TLS 1.1";
    case TLS1_2_VERSION:
      return "TLS: the client speaks only TLS 1.2";
    default:
      return "TLS: no shared version";
  }
}

bool asked_for_unknown(const Notes* notes) {
  return notes != nullptr && !notes->psk_known && !notes->psk_identity.empty();
}

std::string unknown_identity(const Notes* notes) {
  return "TLS: unknown PSK identity \"" + printable(notes != nullptr ? notes->psk_identity : "") + "\"";
}

std::string wrong_key(const Notes* notes) {
  return "TLS: wrong key for PSK identity \"" + printable(notes->psk_identity) + "\"";
}

/// The first error of TLS itself among those that are queued: what a cipher said comes before it and says less,
/// and so does that something else has failed.
unsigned long take_error() {
  const unsigned long first = ERR_peek_error();
  unsigned long error = first;
  while (error != 0 && (ERR_GET_LIB(error) != ERR_LIB_SSL || ERR_COMMON_ERROR(error))) {
    ERR_get_error();
    error = ERR_peek_error();
  }
  ERR_clear_error();
  return error != 0 ? error : first;
}

/// The client sent a fatal alert.
std::string told_by_client(int alert) {
  const std::string name = SSL_alert_desc_string_long(alert);
  switch (alert) {
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
      return "TLS: the client does not accept our certificate: " + name;
    default:
      return "TLS: the client refuses: " + name;
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown(text.substr(0, kPrintableBytesMax));
  std::ranges::replace_if(
      shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  if (text.size() > kPrintableBytesMax) shown += "...";
  return shown;
}

std::string words_for_first_bytes(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with('\x10')) return "TLS: this is plain MQTT, not TLS";
  if (text.starts_with("PROXY ") || text.starts_with("\r\n\r\n")) {
    return "TLS: this is a PROXY header, not TLS; proxy_protocol of the listener is off";
  }
  if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z') return "TLS: this is plain HTTP, not TLS";
  if (!text.empty() && (static_cast<unsigned char>(text.front()) & 0x80U) != 0) {
    return "TLS: this is no TLS; it may be SSL 2";
  }
  return "TLS: this is no TLS";
}

std::string words_for_certificate(X509* certificate, int error) {
  const std::string who = certificate != nullptr ? subject_for_log(certificate) : "an unknown subject";
  const std::string it = "certificate of " + who;
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return it + " has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return it + " is not valid yet";
    case X509_V_ERR_CERT_REVOKED:
      return it + " was revoked";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return it + " is signed by an unknown authority";
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return it + " has a signature that is wrong";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return "there is no revocation list for the issuer of the " + it;
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return "the revocation list for the issuer of the " + it + " has expired";
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return "the revocation list for the issuer of the " + it + " is not valid yet";
    case X509_V_ERR_INVALID_PURPOSE:
      return it + " is not meant for clients";
    case X509_V_ERR_INVALID_CA:
      return it + " signs others and must not";
    default:
      return it + ": " + X509_verify_cert_error_string(error);
  }
}

std::string words_for_error(const Notes* notes) {
  const unsigned long error = take_error();
  const char* text = ERR_reason_error_string(error);
  const int reason = ERR_GET_REASON(error);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255)
      return told_by_client(reason - SSL_AD_REASON_OFFSET);
    switch (reason) {
      case SSL_R_UNSUPPORTED_PROTOCOL:
      case SSL_R_VERSION_TOO_LOW:
      case SSL_R_WRONG_SSL_VERSION:
        return only_speaks(notes);
      case SSL_R_PSK_IDENTITY_NOT_FOUND:
        return unknown_identity(notes);
      case SSL_R_NO_SHARED_CIPHER:
      case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        if (asked_for_unknown(notes)) return unknown_identity(notes);
        return reason == SSL_R_NO_SHARED_CIPHER ? "TLS: no shared cipher" : "TLS: no shared signature algorithm";
      case SSL_R_NO_SHARED_GROUPS:
      case SSL_R_NO_SUITABLE_KEY_SHARE:
      case SSL_R_NO_SUITABLE_GROUPS:
        return "TLS: no shared group for the key exchange";
      case SSL_R_NO_APPLICATION_PROTOCOL:
        return "TLS: the client offers other protocols only (ALPN)";
      case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "TLS: the client shows no certificate";
      case SSL_R_CERTIFICATE_VERIFY_FAILED:
        if (notes != nullptr && !notes->certificate.empty()) return "TLS: " + notes->certificate;
        break;
      case SSL_R_BINDER_DOES_NOT_VERIFY:
      case SSL_R_DIGEST_CHECK_FAILED:
      case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        if (notes != nullptr && notes->psk_known) return wrong_key(notes);
        break;
      default:
        break;
    }
  }
  return std::string("TLS: ") + (text != nullptr ? text : "failed");
}

}  // namespace tombo::filter
