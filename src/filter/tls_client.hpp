#pragma once

#include "base/result.hpp"
#include "config/bridge_options.hpp"
#include "filter/byte_filter.hpp"
#include "filter/key_log.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::filter {

class TlsClientContext;

/// TLS as a bridge speaks it: whom it trusts, and what it shows.  Immutable; what changes is loaded anew and takes its place.
/// Lives on: any thread.
class TlsClient {
 public:
  using Loaded = Result<std::shared_ptr<const TlsClient>, std::vector<std::string>>;

  /// Reads every file that `options` names, or the system's authorities; or all that is wrong, each text with a file's
  /// name in front.  Where TLS is not compiled in it says so.  `key_log`, or none, is told the secrets.
  static Loaded load(const config::BridgeTls& options, std::shared_ptr<const KeyLog> key_log = nullptr);

  explicit TlsClient(std::shared_ptr<const TlsClientContext> context) : context_(std::move(context)) {}

  /// For one connection to `host`, a name or an address.  Its first receive(), of nothing, begins the handshake.
  std::unique_ptr<ByteFilter> make_filter(std::string_view host) const;

 private:
  std::shared_ptr<const TlsClientContext> context_;
};

}  // namespace tombo::filter
