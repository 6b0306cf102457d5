#include "filter/tls/trust.hpp"

#include "filter/tls/limits.hpp"
#include "filter/tls/pem.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace tombo::filter {

namespace {

/// Gives `use` the text of each file; `path` is a file or a directory of files.
template <class Use>
void for_each_file(const std::string& path, AdmissionSum& sum, Problems& problems, Use use) {
  std::vector<std::string> files = {path};
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    auto found = certificate_files(path);
    if (!found) {
      problems.push_back(found.error());
      return;
    }
    files = std::move(*found);
  }
  for (const std::string& file : files) {
    const auto text = read_file(file, kTrustFileBytesMax);
    if (!text) {
      problems.push_back(text.error());
      continue;
    }
    sum.add(*text);
    use(*text, file);
  }
}

void add_authorities(const std::string& path, bool directory, AdmissionSum& sum, Trust& trust, Problems& problems) {
  const std::size_t before = problems.size();
  const std::size_t known = trust.authorities.size();
  for_each_file(path, sum, problems, [&](const std::string& text, const std::string& file) {
    auto found = read_certificates(text, file, problems);
    if (found.empty() && !directory && problems.size() == before) problems.push_back(file + ": no certificate in it");
    for (CertificatePtr& authority : found) {
      if (X509_STORE_add_cert(trust.store.get(), authority.get()) != 1) {
        problems.push_back(file + ": " + openssl_error());
      }
      trust.authorities.push_back(std::move(authority));
    }
  });
  if (directory && trust.authorities.size() == known && problems.size() == before) {
    problems.push_back(path + ": no certificate in it");
  }
}

void add_crls(const std::string& path, AdmissionSum& sum, Trust& trust, Problems& problems) {
  const std::size_t before = problems.size();
  std::size_t count = 0;
  for_each_file(path, sum, problems, [&](const std::string& text, const std::string& file) {
    for (const CrlPtr& crl : read_crls(text, file, problems)) {
      ++count;
      if (X509_STORE_add_crl(trust.store.get(), crl.get()) != 1) problems.push_back(file + ": " + openssl_error());
    }
  });
  if (count == 0 && problems.size() == before) problems.push_back(path + ": no revocation list in it");
}

}  // namespace

AdmissionSum::AdmissionSum() : sum_(EVP_MD_CTX_new()) {
  if (EVP_DigestInit_ex(sum_.get(), EVP_sha256(), nullptr) != 1) sum_.reset();
}

void AdmissionSum::add(std::string_view bytes) {
  if (sum_ == nullptr) return;
  const std::uint64_t size = bytes.size();
  EVP_DigestUpdate(sum_.get(), &size, sizeof size);
  EVP_DigestUpdate(sum_.get(), bytes.data(), bytes.size());
}

Admission AdmissionSum::finish() {
  Admission admission = {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  if (sum_ != nullptr && EVP_DigestFinal_ex(sum_.get(), digest.data(), nullptr) == 1) {
    std::copy_n(digest.begin(), admission.size(), admission.begin());
  }
  return admission;
}

Trust load_trust(const config::ListenerTls& options, AdmissionSum& sum, Problems& problems) {
  Trust trust;
  sum.add(std::string_view(options.client_certificate == config::ClientCertificate::none ? "none" : "asked"));
  sum.add(std::string_view(options.client_certificate == config::ClientCertificate::required ? "required" : ""));
  if (options.client_certificate == config::ClientCertificate::none) return trust;
  trust.store.reset(X509_STORE_new());
  if (trust.store == nullptr) {
    problems.push_back(openssl_error());
    return trust;
  }
  if (!options.ca_file.empty()) add_authorities(options.ca_file, false, sum, trust, problems);
  if (!options.ca_directory.empty()) add_authorities(options.ca_directory, true, sum, trust, problems);
  for (const std::string& path : options.crls) add_crls(path, sum, trust, problems);
  if (!options.crls.empty()) {
    X509_STORE_set_flags(trust.store.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  }
  return trust;
}

}  // namespace tombo::filter
