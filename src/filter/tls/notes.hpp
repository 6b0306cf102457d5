#pragma once

#include "filter/tls/key_wish.hpp"

#include <openssl/ssl.h>

#include <string>

namespace tombo::filter {

/// What callbacks of OpenSSL learn in one handshake, for words that an operator understands, and what it waits for.  Hangs on
/// the SSL until the handshake is done.
struct Notes {
  int version_max = 0;       // that the client speaks, as on the wire: 0x0303
  std::string psk_identity;  // the last that the client offered
  bool psk_known = false;
  KeyWish wish;
  std::string certificate;  // what is wrong with the client's
};

/// Null once the handshake is done.
inline Notes* notes_of(const SSL* ssl) {
  return static_cast<Notes*>(SSL_get_app_data(ssl));
}

}  // namespace tombo::filter
