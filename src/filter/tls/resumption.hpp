#pragma once

#include "filter/tls/trust.hpp"

#include <openssl/ssl.h>

#include <string>
#include <string_view>

namespace tombo::filter {

// What travels in a session ticket besides OpenSSL's own: by which rules its client came in, and, since TLS 1.3 has no
// place of its own for it, as which PSK identity.

/// Marks a session that begins.
bool mark_session(SSL_SESSION* session, const Admission& admission, std::string_view psk_identity);
/// Marks the session of a ticket that is about to be given; what was marked before stays.
bool mark_for_ticket(SSL* ssl, const Admission& admission);
/// Whether a session from a ticket may go on: it came in by the same rules, and its certificate has not expired.
bool may_resume(SSL_SESSION* session, const Admission& admission);
/// As whom the client is known by a pre-shared key; empty: it has used none.
std::string psk_identity_of(SSL* ssl);

}  // namespace tombo::filter
