#include "bench/engine/tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>

namespace tombo::bench::engine {
namespace {

/// The oldest error in OpenSSL's queue, which is the cause; the rest is forgotten.
std::string take_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:#x}", code);
}

bool add_to_chain(SSL_CTX* context, const std::string& file) {
  BIO* const input = BIO_new_file(file.c_str(), "r");
  if (input == nullptr) return false;
  X509* const certificate = PEM_read_bio_X509(input, nullptr, nullptr, nullptr);
  BIO_free(input);
  if (certificate == nullptr) return false;
  const bool added = SSL_CTX_add1_chain_cert(context, certificate) == 1;
  X509_free(certificate);
  return added;
}

bool is_ip_address(const std::string& name) {
  return name.find(':') != name.npos || name.find_first_not_of("0123456789.") == name.npos;
}

}  // namespace

Result<std::unique_ptr<TlsContext>, std::string> TlsContext::load(const Target& target) {
  std::unique_ptr<TlsContext> made(new TlsContext);
  made->context_ = SSL_CTX_new(TLS_client_method());
  if (made->context_ == nullptr) return Failure{take_error()};
  SSL_CTX_set_min_proto_version(made->context_, TLS1_2_VERSION);
  // A batch of packets goes out whole; that OpenSSL may not keep a pointer to it is said by the moving mode.
  SSL_CTX_set_mode(made->context_, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  made->server_name_ = target.tls.server_name.empty() ? target.host : target.tls.server_name;
  made->checks_peer_ = !target.tls.insecure;
  if (auto used = made->use_files(target.tls); !used) return Failure{used.error()};
  return made;
}

Result<void, std::string> TlsContext::use_files(const Target::Tls& tls) {
  SSL_CTX_set_verify(context_, checks_peer_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (!tls.ca_file.empty()) {
    if (SSL_CTX_load_verify_locations(context_, tls.ca_file.c_str(), nullptr) != 1) {
      return Failure{fmt::format("cannot use the CA file '{}': {}", tls.ca_file, take_error())};
    }
  } else {
    SSL_CTX_set_default_verify_paths(context_);
  }
  if (tls.certificate_file.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context_, tls.certificate_file.c_str()) != 1) {
    return Failure{fmt::format("cannot use the certificate '{}': {}", tls.certificate_file, take_error())};
  }
  for (const std::string& file : tls.chain_files) {
    if (!add_to_chain(context_, file)) {
      return Failure{fmt::format("cannot use the certificate '{}': {}", file, take_error())};
    }
  }
  const std::string& key = tls.key_file.empty() ? tls.certificate_file : tls.key_file;
  if (SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Failure{fmt::format("cannot use the key '{}': {}", key, take_error())};
  }
  return {};
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

TlsFilter::TlsFilter(const TlsContext& context) : ssl_(SSL_new(context.native())) {
  SSL_set_connect_state(ssl_);
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  const std::string& name = context.server_name();
  if (is_ip_address(name)) {
    if (context.checks_peer()) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_, name.c_str());
    if (context.checks_peer()) SSL_set1_host(ssl_, name.c_str());
  }
}

TlsFilter::~TlsFilter() {
  SSL_free(ssl_);
}

void TlsFilter::feed(mqtt::Bytes wire) {
  BIO_write(SSL_get_rbio(ssl_), wire.data(), static_cast<int>(wire.size()));
}

TlsFilter::Status TlsFilter::judge(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return Status::again;
    case SSL_ERROR_ZERO_RETURN:
      return Status::closed;
    default:
      break;
  }
  const long verdict = SSL_get_verify_result(ssl_);
  error_ = take_error();
  if (verdict != X509_V_OK) error_ += fmt::format(" ({})", X509_verify_cert_error_string(verdict));
  return Status::failed;
}

TlsFilter::Status TlsFilter::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  return result == 1 ? Status::done : judge(result);
}

TlsFilter::Status TlsFilter::read(std::span<std::uint8_t> room, std::size_t& got) {
  ERR_clear_error();
  const int result = SSL_read_ex(ssl_, room.data(), room.size(), &got);
  return result == 1 ? Status::done : judge(result);
}

bool TlsFilter::write(mqtt::Bytes plain) {
  if (plain.empty()) return true;
  ERR_clear_error();
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_, plain.data(), plain.size(), &written);
  return result == 1 || judge(result) == Status::again;
}

void TlsFilter::drain(std::vector<std::uint8_t>& out) {
  BIO* const wire = SSL_get_wbio(ssl_);
  const auto waiting = static_cast<std::size_t>(BIO_ctrl_pending(wire));
  if (waiting == 0) return;
  const std::size_t before = out.size();
  out.resize(before + waiting);
  const int got = BIO_read(wire, out.data() + before, static_cast<int>(waiting));
  out.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
}

}  // namespace tombo::bench::engine
