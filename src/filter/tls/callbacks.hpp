#pragma once

#include "filter/tls/context.hpp"

namespace tombo::filter {

/// What OpenSSL asks during a handshake.  `context` outlives every connection of `ssl_context`.
void install_callbacks(SSL_CTX* ssl_context, const TlsContext* context);
/// Checks client certificates with `mode`, a SSL_VERIFY_..., and the names in them.
void install_verification(SSL_CTX* ssl_context, int mode);

}  // namespace tombo::filter
