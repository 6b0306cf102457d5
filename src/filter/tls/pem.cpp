#include "filter/tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace tombo::filter {

namespace {

BioPtr reader_of(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// The line of the next "-----BEGIN" from where the reader stands.
std::size_t line_of_next(const std::string& text, std::size_t offset) {
  const std::size_t begin = text.find("-----BEGIN", offset);
  return line_at(text, begin == std::string::npos ? offset : begin);
}

/// Reads until nothing of the kind follows.
template <class Ptr, class Read>
std::vector<Ptr> read_all(const std::string& text, const std::string& file, const char* what, Problems& problems, Read read) {
  std::vector<Ptr> found;
  const BioPtr reader = reader_of(text);
  for (;;) {
    const std::size_t offset = text.size() - static_cast<std::size_t>(BIO_pending(reader.get()));
    ERR_clear_error();
    Ptr one(read(reader.get()));
    if (one != nullptr) {
      found.push_back(std::move(one));
      continue;
    }
    const unsigned long error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
      problems.push_back(file + ":" + std::to_string(line_of_next(text, offset)) + ": this is no " + what + ": " +
                         openssl_error());
    }
    ERR_clear_error();
    return found;
  }
}

int no_pass_phrase(char* /*into*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

std::vector<CertificatePtr> read_certificates(const std::string& text, const std::string& file, Problems& problems) {
  return read_all<CertificatePtr>(text, file, "certificate", problems,
                                  [](BIO* reader) { return PEM_read_bio_X509_AUX(reader, nullptr, nullptr, nullptr); });
}

std::vector<CrlPtr> read_crls(const std::string& text, const std::string& file, Problems& problems) {
  return read_all<CrlPtr>(text, file, "revocation list", problems,
                          [](BIO* reader) { return PEM_read_bio_X509_CRL(reader, nullptr, nullptr, nullptr); });
}

KeyPtr read_key(const std::string& text, const std::string& file, Problems& problems) {
  const BioPtr reader = reader_of(text);
  bool asked = false;
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_pass_phrase, &asked));
  if (asked) {
    problems.push_back(file + ": the private key is encrypted; nobody is here to give the pass phrase");
  } else if (key == nullptr && text.find("PRIVATE KEY-----") == std::string::npos) {
    problems.push_back(file + ": no private key in it");
  } else if (key == nullptr) {
    problems.push_back(file + ":" + std::to_string(line_at(text, text.find("PRIVATE KEY-----"))) +
                       ": this is no private key: " + openssl_error());
  }
  ERR_clear_error();
  return key;
}

std::string openssl_error() {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(error);
  std::string words = reason != nullptr ? reason : "error " + std::to_string(ERR_GET_REASON(error));
  ERR_clear_error();
  return words;
}

}  // namespace tombo::filter
