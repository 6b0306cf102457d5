#pragma once

#include "base/result.hpp"
#include "config/listener_options.hpp"
#include "filter/byte_filter.hpp"
#include "filter/key_log.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tombo::filter {

class TlsContext;

/// TLS as one listener speaks it: its certificates, who may come in, its tickets.  Immutable; what changes is loaded anew
/// and takes its place, while connections go on with the one that they began with.
/// Lives on: any thread.
class TlsServer {
 public:
  using Loaded = Result<std::shared_ptr<const TlsServer>, std::vector<std::string>>;

  /// Reads every file that `listener` names; or all that is wrong with them, each text with a file's name in front.  Keeps
  /// nothing then: the caller goes on with what it has.  Sessions that `previous` began can be resumed, unless who may
  /// come in has changed (authorities, revocation lists, pre-shared keys).  Where TLS is not compiled in it says so.
  /// `key_log`: gets the secrets of its connections; none: nobody does.
  static Loaded load(const config::Listener& listener, const TlsServer* previous = nullptr,
                     std::shared_ptr<const KeyLog> key_log = nullptr);
  /// The files and directories that load() reads, for who watches them.
  static std::vector<std::string> files(const config::Listener& listener);

  explicit TlsServer(std::shared_ptr<const TlsContext> context) : context_(std::move(context)) {}

  /// For one connection.
  std::unique_ptr<ByteFilter> make_filter() const;
  /// What an operator should hear though it works: a certificate that has expired, a short key.
  const std::vector<std::string>& warnings() const;

 private:
  std::shared_ptr<const TlsContext> context_;
};

/// A certificate in DER as OpenSSL's X509, the caller's to free; null: it is none, or TLS is not compiled in.
void* parsed_certificate(const std::string& der);

}  // namespace tombo::filter
