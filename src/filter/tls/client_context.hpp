#pragma once

#include "config/bridge_options.hpp"
#include "filter/key_log.hpp"
#include "filter/tls/handles.hpp"
#include "filter/tls/read_file.hpp"

#include <memory>
#include <string>

namespace tombo::filter {

/// Everything behind a TlsClient.  Callbacks of OpenSSL get a pointer to it; each connection shares it.
/// Lives on: any thread, immutable.
class TlsClientContext {
 public:
  /// Null where `problems` were added.
  static std::shared_ptr<const TlsClientContext> load(const config::BridgeTls& options, Problems& problems,
                                                      std::shared_ptr<const KeyLog> key_log);
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  SSL_CTX* context() const { return context_.get(); }
  const BIO_METHOD* bio_method() const { return bio_method_.get(); }
  const KeyLog* key_log() const { return key_log_.get(); }  // null: secrets are told nobody
  bool verifies_host() const { return verify_host_; }
  bool requires_ocsp() const { return require_ocsp_; }
  const std::string& psk_identity() const { return psk_identity_; }
  const std::string& psk() const { return psk_; }

 private:
  TlsClientContext() = default;
  void set_rules(const config::BridgeTls& options, Problems& problems);
  void set_ciphers(const config::BridgeTls& options, Problems& problems);
  void set_trust(const config::BridgeTls& options, Problems& problems);
  void add_authorities(const std::string& file, Problems& problems);
  void set_credential(const config::BridgeTls& options, Problems& problems);
  void set_psk(const config::BridgeTls& options, Problems& problems);

  std::shared_ptr<const KeyLog> key_log_;  // outlives the context
  BioMethodPtr bio_method_;
  SslContextPtr context_;
  bool verify_host_ = true;
  bool require_ocsp_ = false;
  std::string psk_identity_;
  std::string psk_;  // bytes
};

}  // namespace tombo::filter
