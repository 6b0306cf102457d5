#include "filter/tls/credentials.hpp"

#include "filter/tls/limits.hpp"
#include "filter/tls/names.hpp"
#include "filter/tls/pem.hpp"

#include <openssl/err.h>

#include <string_view>
#include <utility>

namespace tombo::filter {

namespace {

std::vector<std::string> server_names(X509* certificate) {
  const CertificateNames names = names_of(certificate);
  std::vector<std::string> found;
  for (const std::string& name : names.dns.empty() ? names.common_names : names.dns) found.push_back(host_name(name));
  return found;
}

/// The key from its own file, or from that of the certificate.
KeyPtr load_key(const std::string& file, const std::string& certificate_file, const std::string& certificate_text,
                Problems& problems) {
  if (file == certificate_file) return read_key(certificate_text, file, problems);
  auto text = read_file(file, kCertificateFileBytesMax);
  if (!text) {
    problems.push_back(text.error());
    return nullptr;
  }
  KeyPtr key = read_key(*text, file, problems);
  OPENSSL_cleanse(text->data(), text->size());
  return key;
}

void load_one(const std::string& file, const std::string& key_file, std::vector<Credential>& into, Problems& problems,
              Problems& warnings) {
  auto text = read_file(file, kCertificateFileBytesMax);
  if (!text) {
    problems.push_back(text.error());
    return;
  }
  Credential made;
  made.file = file;
  const std::size_t before = problems.size();
  made.chain = read_certificates(*text, file, problems);
  if (made.chain.empty() && problems.size() == before) problems.push_back(file + ": no certificate in it");
  made.key = load_key(key_file, file, *text, problems);
  OPENSSL_cleanse(text->data(), text->size());
  if (made.chain.empty()) return;
  made.certificate = std::move(made.chain.front());
  made.chain.erase(made.chain.begin());
  if (made.key != nullptr && X509_check_private_key(made.certificate.get(), made.key.get()) != 1) {
    ERR_clear_error();
    problems.push_back(file + ": the key in " + key_file + " does not fit the certificate");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(made.certificate.get())) < 0) {
    warnings.push_back(file + ": the certificate has expired");
  } else if (X509_cmp_current_time(X509_get0_notBefore(made.certificate.get())) > 0) {
    warnings.push_back(file + ": the certificate is not valid yet");
  }
  made.names = server_names(made.certificate.get());
  if (problems.size() == before) into.push_back(std::move(made));
}

}  // namespace

std::string host_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<Credential> load_credentials(const config::ListenerTls& options, Problems& problems, Problems& warnings) {
  std::vector<Credential> found;
  const auto& files = options.certificates;
  const auto& keys = options.keys;
  if (!keys.empty() && keys.size() != files.size()) {
    problems.push_back((files.empty() ? keys : files).front() + ": " + std::to_string(files.size()) + " certificates and " +
                       std::to_string(keys.size()) + " keys; there must be a key for each certificate, or none at all");
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    load_one(files[i], i < keys.size() ? keys[i] : files[i], found, problems, warnings);
  }
  return found;
}

}  // namespace tombo::filter
