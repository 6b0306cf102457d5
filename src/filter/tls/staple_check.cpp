#include "filter/tls/staple_check.hpp"

#include "filter/tls/handles.hpp"

#include <openssl/err.h>
#include <openssl/ocsp.h>

namespace tombo::filter {

namespace {
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, Frees<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, Frees<OCSP_BASICRESP_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, Frees<OCSP_CERTID_free>>;
/// Clocks may differ by so much.
constexpr long kClockSkew_s = 300;
}  // namespace

bool staple_is_good(SSL* ssl) {
  const unsigned char* at = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &at);
  if (size <= 0 || at == nullptr) return false;
  const ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, size));
  if (response == nullptr || OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) return false;
  const BasicPtr basic(OCSP_response_get1_basic(response.get()));
  STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  if (basic == nullptr || chain == nullptr || sk_X509_num(chain) < 1) return false;
  if (OCSP_basic_verify(basic.get(), chain, SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)), 0) != 1) {
    ERR_clear_error();
    return false;
  }
  X509* certificate = sk_X509_value(chain, 0);
  X509* issuer = sk_X509_value(chain, sk_X509_num(chain) > 1 ? 1 : 0);
  const IdPtr id(OCSP_cert_to_id(nullptr, certificate, issuer));
  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  if (id == nullptr ||
      OCSP_resp_find_status(basic.get(), id.get(), &status, nullptr, nullptr, &this_update, &next_update) != 1)
    return false;
  const bool valid = OCSP_check_validity(this_update, next_update, kClockSkew_s, -1) == 1;
  ERR_clear_error();
  return valid && status == V_OCSP_CERTSTATUS_GOOD;
}

}  // namespace tombo::filter
