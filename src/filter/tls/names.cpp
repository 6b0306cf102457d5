#include "filter/tls/names.hpp"

#include "mqtt/utf8.hpp"

#include <openssl/x509v3.h>

#include <string_view>

namespace tombo::filter {

namespace {

constexpr std::size_t kSubjectForLogBytes = 200;

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Frees<GENERAL_NAMES_free>>;

std::string subject_of(X509* certificate) {
  const BioPtr text(BIO_new(BIO_s_mem()));
  if (text == nullptr || X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

/// False where it is no text that a name may be.
bool take(std::string_view text, std::vector<std::string>& into) {
  if (text.empty() || !mqtt::is_valid_text(text)) return false;
  into.emplace_back(text);
  return true;
}

void add_common_names(X509* certificate, CertificateNames& names) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
    unsigned char* utf8 = nullptr;
    const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    const bool good =
        size >= 0 && take({reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size)}, names.common_names);
    OPENSSL_free(utf8);
    if (!good) names.wrong = "its common name is empty, holds NUL or is no text";
  }
}

void add_alternative_names(X509* certificate, CertificateNames& names) {
  int critical = 0;
  const GeneralNamesPtr found(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (found == nullptr) {
    if (critical != -1) names.wrong = "its alternative names cannot be read";  // -1: it has none
    return;
  }
  for (int i = 0; i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
    if (name->type != GEN_DNS && name->type != GEN_EMAIL && name->type != GEN_URI) continue;
    const ASN1_IA5STRING* text = name->d.ia5;
    const std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                 static_cast<std::size_t>(ASN1_STRING_length(text)));
    if (!take(bytes, names.all)) {
      names.wrong = "an alternative name is empty, holds NUL or is no text";
    } else if (name->type == GEN_DNS) {
      names.dns.emplace_back(bytes);
    }
  }
}

}  // namespace

CertificateNames names_of(X509* certificate) {
  CertificateNames names;
  names.subject = subject_of(certificate);
  add_common_names(certificate, names);
  add_alternative_names(certificate, names);
  return names;
}

std::string subject_for_log(X509* certificate) {
  std::string subject = subject_of(certificate);
  if (subject.empty()) return "an empty subject";
  if (subject.size() > kSubjectForLogBytes) subject.replace(kSubjectForLogBytes, std::string::npos, "...");
  return subject;
}

}  // namespace tombo::filter
