#include "filter/tls/staple.hpp"

#include "filter/tls/handles.hpp"
#include "filter/tls/limits.hpp"
#include "filter/tls/pem.hpp"

#include <openssl/ocsp.h>

#include <ctime>

namespace tombo::filter {

namespace {

using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, Frees<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, Frees<OCSP_BASICRESP_free>>;

/// The answer about the certificate with this serial number.
OCSP_SINGLERESP* answer_for(OCSP_BASICRESP* basic, const ASN1_INTEGER* serial) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
    ASN1_INTEGER* number = nullptr;
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &number, const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
    if (number != nullptr && ASN1_INTEGER_cmp(number, serial) == 0) return single;
  }
  return nullptr;
}

std::int64_t seconds_of(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  return static_cast<std::int64_t>(::timegm(&parts));
}

}  // namespace

Staple load_staple(const std::string& file, X509* certificate, Problems& problems, Problems& warnings) {
  auto text = read_file(file, kOcspFileBytesMax);
  if (!text) {
    problems.push_back(text.error());
    return {};
  }
  const auto* at = reinterpret_cast<const unsigned char*>(text->data());
  const ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(text->size())));
  if (response == nullptr) {
    problems.push_back(file + ": this is no OCSP answer in DER: " + openssl_error());
    return {};
  }
  const int status = OCSP_response_status(response.get());
  const BasicPtr basic(status == OCSP_RESPONSE_STATUS_SUCCESSFUL ? OCSP_response_get1_basic(response.get()) : nullptr);
  if (basic == nullptr) {
    problems.push_back(file + ": the OCSP server did not answer: " + OCSP_response_status_str(status));
    return {};
  }
  OCSP_SINGLERESP* single = answer_for(basic.get(), X509_get0_serialNumber(certificate));
  if (single == nullptr) {
    problems.push_back(file + ": the OCSP answer is not for the first certificate");
    return {};
  }
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  if (OCSP_single_get0_status(single, nullptr, nullptr, nullptr, &next_update) == V_OCSP_CERTSTATUS_REVOKED) {
    warnings.push_back(file + ": the OCSP answer says that the first certificate was revoked");
  }
  Staple staple;
  staple.until_s = seconds_of(next_update);
  if (staple.until_s != 0 && staple.until_s <= std::time(nullptr)) {
    warnings.push_back(file + ": the OCSP answer has expired and is not stapled");
  }
  staple.der = std::move(*text);
  return staple;
}

}  // namespace tombo::filter
