#include "filter/tls/client_filter.hpp"

#include "base/network.hpp"
#include "filter/tls/copy.hpp"
#include "filter/tls/limits.hpp"
#include "filter/tls/pem.hpp"
#include "filter/tls/turn.hpp"
#include "filter/tls_client.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tombo::filter {

namespace {

/// All that a server may send until the handshake is done.
constexpr std::size_t kServerHandshakeBytesMax = 262'144;

}  // namespace

TlsClient::Loaded TlsClient::load(const config::BridgeTls& options, std::shared_ptr<const KeyLog> key_log) {
  Problems problems;
  auto context = TlsClientContext::load(options, problems, std::move(key_log));
  if (context == nullptr) return Failure{std::move(problems)};
  return std::make_shared<const TlsClient>(std::move(context));
}

std::unique_ptr<ByteFilter> TlsClient::make_filter(std::string_view host) const {
  return std::make_unique<TlsClientFilter>(context_, host);
}

TlsClientFilter::TlsClientFilter(std::shared_ptr<const TlsClientContext> context, std::string_view host)
    : context_(std::move(context)), host_(host) {}

bool TlsClientFilter::begin() {
  ssl_.reset(SSL_new(context_->context()));
  BioPtr bio = make_span_bio(context_->bio_method(), wire_);
  if (ssl_ == nullptr || bio == nullptr) return fail("TLS: out of memory");
  BIO* both = bio.release();
  SSL_set_bio(ssl_.get(), both, both);
  SSL_set_connect_state(ssl_.get());
  const bool is_address = Address::parse(host_).has_value();
  // A name is asked for (SNI), an address must not be.
  if (!is_address) SSL_set_tlsext_host_name(ssl_.get(), host_.c_str());
  if (context_->verifies_host() && context_->psk().empty()) {
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, host_.c_str())
                               : X509_VERIFY_PARAM_set1_host(rules, host_.c_str(), host_.size());
    if (set != 1) return fail("TLS: no certificate can be for \"" + host_ + "\"");
  }
  state_ = State::shaking;
  return true;
}

bool TlsClientFilter::receive(Bytes bytes, Sink& inward, Sink& outward) {
  if (state_ == State::failed) return false;
  const Turn turn(wire_, outward);
  if (state_ == State::fresh && !begin()) return false;
  wire_.input = bytes;
  if (state_ == State::shaking) {
    shaken_bytes_ += bytes.size();
    if (shaken_bytes_ > kServerHandshakeBytesMax) return fail("TLS: the handshake is too long");
    if (!shake()) return false;
  }
  return state_ != State::open || read(inward);
}

bool TlsClientFilter::shake() {
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    state_ = State::open;
    return true;
  }
  if (SSL_get_error(ssl_.get(), done) == SSL_ERROR_WANT_READ) return true;
  return fail_by_openssl();
}

bool TlsClientFilter::read(Sink& inward) {
  std::array<std::uint8_t, kPlainRecordBytes> plain;
  while (!ended_) {
    std::size_t size = 0;
    if (SSL_read_ex(ssl_.get(), plain.data(), plain.size(), &size) == 1) {
      append(inward, plain.data(), size);
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_WANT_READ) return true;
    if (error != SSL_ERROR_ZERO_RETURN) return fail_by_openssl();
    ended_ = true;
  }
  return true;
}

bool TlsClientFilter::send(Bytes bytes, Sink& outward) {
  if (state_ != State::open) return false;
  const Turn turn(wire_, outward);
  while (!bytes.empty()) {
    const Bytes record = bytes.first(std::min(bytes.size(), kPlainRecordBytes));
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), record.data(), record.size(), &written) != 1) return fail_by_openssl();
    bytes = bytes.subspan(record.size());
  }
  return true;
}

void TlsClientFilter::close(Sink& outward) {
  if (state_ != State::open) return;
  const Turn turn(wire_, outward);
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::size_t TlsClientFilter::memory() const {
  return sizeof *this + (ssl_ != nullptr ? kSslBytes : 0);
}

bool TlsClientFilter::fail(std::string why) {
  state_ = State::failed;
  why_ = std::move(why);
  return false;
}

bool TlsClientFilter::fail_by_openssl() {
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK) {
    ERR_clear_error();
    return fail(std::string{"TLS: the other broker's certificate is not accepted: "} +
                X509_verify_cert_error_string(verified));
  }
  const bool no_staple = ERR_GET_REASON(ERR_peek_error()) == SSL_R_INVALID_STATUS_RESPONSE;
  if (no_staple) {
    ERR_clear_error();
    return fail("TLS: the other broker staples no good OCSP answer (require_ocsp)");
  }
  return fail("TLS: " + openssl_error());
}

}  // namespace tombo::filter
