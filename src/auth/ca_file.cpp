#include "auth/ca_file.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace tombo::auth {

std::vector<std::string> problems_of_ca_file(const std::string& file, std::string_view option) {
  if (file.empty()) return {};
  errno = 0;
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_file(file.c_str(), "r"), &BIO_free);
  if (!bio) {
    const int error = errno;
    ERR_clear_error();
    return {fmt::format("{}: cannot be opened ({}): {}", file, option, std::strerror(error))};
  }
  std::size_t certificates = 0;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    X509_free(certificate);
    ++certificates;
  }
  const unsigned long error = ERR_peek_last_error();
  const bool is_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates == 0) return {fmt::format("{}: holds no certificate in PEM ({})", file, option)};
  if (!is_end) return {fmt::format("{}: certificate {} in it is broken ({})", file, certificates + 1, option)};
  return {};
}

}  // namespace tombo::auth
