#pragma once

#include <openssl/ssl.h>

namespace tombo::filter {

/// Whether the server has stapled an OCSP answer, signed by whom it must be and still valid, that says its certificate is
/// good.  Within the handshake, once the certificate was verified.
bool staple_is_good(SSL* ssl);

}  // namespace tombo::filter
