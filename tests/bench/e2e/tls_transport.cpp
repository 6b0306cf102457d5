#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdexcept>

#include "way.hpp"

namespace tombo::bench {
namespace {

constexpr const char* kCipher13 = "TLS_AES_256_GCM_SHA384";
constexpr const char* kCipher12 = "ECDHE-ECDSA-AES256-GCM-SHA384";
constexpr std::size_t kRecordBytes = 16 * 1024;

[[noreturn]] void fail(const char* what) {
  char text[256] = "no reason known";
  if (const auto error = ERR_get_error(); error != 0) ERR_error_string_n(error, text, sizeof text);
  throw std::runtime_error(std::string("TLS, ") + what + ": " + text);
}

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

/// What all connections of one way share.
struct Shared {
  std::unique_ptr<SSL_CTX, Free> context;
  std::unique_ptr<SSL_SESSION, Free> session;  ///< The first one that the broker gave; kept if it shall be resumed.
};

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto& shared = *static_cast<Shared*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (shared.session != nullptr) return 0;
  shared.session.reset(session);
  return 1;
}

std::shared_ptr<Shared> make_shared_part(const TlsManner& manner) {
  auto shared = std::make_shared<Shared>();
  shared->context.reset(SSL_CTX_new(TLS_client_method()));
  auto* context = shared->context.get();
  if (context == nullptr) fail("context");
  const int version = manner.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
  if (SSL_CTX_set_min_proto_version(context, version) != 1 || SSL_CTX_set_max_proto_version(context, version) != 1 ||
      SSL_CTX_set_ciphersuites(context, kCipher13) != 1 || SSL_CTX_set_cipher_list(context, kCipher12) != 1) {
    fail("versions and ciphers");
  }
  // Thousands of connections in one process: buffers only while they are in use.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  if (!manner.certificate_file.empty()) {
    const char* file = manner.certificate_file.c_str();
    if (SSL_CTX_use_certificate_file(context, file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) != 1) {
      fail(file);
    }
  }
  if (manner.resume) {
    SSL_CTX_set_app_data(context, shared.get());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
  }
  return shared;
}

class Tls final : public Transport {
 public:
  explicit Tls(std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)), ssl_(SSL_new(shared_->context.get())), in_(BIO_new(BIO_s_mem())),
        out_(BIO_new(BIO_s_mem())) {
    if (ssl_ == nullptr || in_ == nullptr || out_ == nullptr) fail("no memory");
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
    resumes_ = shared_->session != nullptr;
    if (!resumes_) return;
    // A copy: OpenSSL gives up a session once another has followed it.
    const std::unique_ptr<SSL_SESSION, Free> copy(SSL_SESSION_dup(shared_->session.get()));
    if (SSL_set_session(ssl_.get(), copy.get()) != 1) fail("session");
  }

  void start(std::string& wire) override { shake(wire); }

  void receive(std::string_view bytes, std::string& plain, std::string& wire) override {
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    if (!open_) shake(wire);
    if (!open_) return;
    for (;;) {
      const auto had = plain.size();
      plain.resize(had + kRecordBytes);
      const int n = SSL_read(ssl_.get(), plain.data() + had, kRecordBytes);
      plain.resize(had + static_cast<std::size_t>(n > 0 ? n : 0));
      if (n > 0) continue;
      if (SSL_get_error(ssl_.get(), n) == SSL_ERROR_WANT_READ) break;
      fail("reading");
    }
    take(wire);
  }

  [[nodiscard]] bool open() const override { return open_; }

  void send(std::string_view plain, std::string& wire) override {
    if (SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) <= 0) fail("writing");
    take(wire);
  }

  void close(std::string& wire) override {
    SSL_shutdown(ssl_.get());
    take(wire);
  }

 private:
  void shake(std::string& wire) {
    const int done = SSL_do_handshake(ssl_.get());
    if (done != 1 && SSL_get_error(ssl_.get(), done) != SSL_ERROR_WANT_READ) fail("handshake");
    take(wire);
    if (done != 1) return;
    open_ = true;
    if (resumes_ && SSL_session_reused(ssl_.get()) == 0) throw std::runtime_error("TLS: the session was not resumed");
  }

  void take(std::string& wire) {
    const auto waiting = BIO_ctrl_pending(out_);
    if (waiting == 0) return;
    const auto had = wire.size();
    wire.resize(had + waiting);
    BIO_read(out_, wire.data() + had, static_cast<int>(waiting));
  }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<SSL, Free> ssl_;
  BIO* in_;  ///< The connection's.
  BIO* out_;
  bool open_ = false;
  bool resumes_ = false;
};

}  // namespace

std::function<std::unique_ptr<Transport>()> tls_transports(const TlsManner& manner) {
  return [shared = make_shared_part(manner)] { return std::make_unique<Tls>(shared); };
}

}  // namespace tombo::bench
