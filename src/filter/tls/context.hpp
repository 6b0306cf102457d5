#pragma once

#include "config/listener_options.hpp"
#include "filter/key_log.hpp"
#include "filter/tls/credentials.hpp"
#include "filter/tls/handles.hpp"
#include "filter/tls/psk_file.hpp"
#include "filter/tls/staple.hpp"
#include "filter/tls/tickets.hpp"
#include "filter/tls/trust.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tombo::filter {

/// Everything behind a TlsServer.  Callbacks of OpenSSL get a pointer to it; each connection shares it.
/// Lives on: any thread, immutable but for the ticket keys.
class TlsContext {
 public:
  /// Null where `problems` were added.
  static std::shared_ptr<const TlsContext> load(const config::Listener& listener, const TlsContext* previous,
                                                Problems& problems, std::shared_ptr<const KeyLog> key_log = nullptr);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* first() const { return contexts_.front().get(); }
  /// The one for a name that a client asks for: exactly, or by a wildcard for its first label; null: no certificate has it.
  SSL_CTX* for_name(std::string_view name) const;
  const BIO_METHOD* bio_method() const { return bio_method_.get(); }
  TicketKeys* tickets() const { return tickets_.get(); }  // null: sessions are not resumed
  const std::optional<PskTable>& psks() const { return psks_; }
  /// Whether others are asked for keys, for want of a file.
  bool asks_for_keys() const { return asks_for_keys_; }
  const Staple& staple() const { return staple_; }
  const Admission& admission() const { return admission_; }
  config::UserNameFrom user_name_from() const { return user_name_from_; }
  config::Protocol protocol() const { return protocol_; }
  const Problems& warnings() const { return warnings_; }
  const KeyLog* key_log() const { return key_log_.get(); }  // null: secrets are told nobody

 private:
  TlsContext() = default;
  void load_files(const config::Listener& listener, Problems& problems);
  void make_contexts(const config::Listener& listener, std::vector<Credential> credentials, const Trust& trust,
                     Problems& problems);
  SslContextPtr make_context(const config::Listener& listener, const Trust& trust, Problems& problems);
  bool add(SSL_CTX* context, const Credential& credential, Problems& problems);
  void make_tickets(const config::Listener& listener, const TlsContext* previous, Problems& problems);

  std::shared_ptr<const KeyLog> key_log_;  // outlives the contexts
  BioMethodPtr bio_method_;
  std::vector<SslContextPtr> contexts_;
  std::unordered_map<std::string, SSL_CTX*> by_name_;
  std::unique_ptr<TicketKeys> tickets_;
  std::optional<PskTable> psks_;
  Staple staple_;
  Admission admission_ = {};
  config::UserNameFrom user_name_from_ = config::UserNameFrom::connect;
  config::Protocol protocol_ = config::Protocol::mqtt;
  bool asks_for_keys_ = false;
  Problems warnings_;
};

}  // namespace tombo::filter
