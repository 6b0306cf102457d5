#pragma once

#include "filter/tls/notes.hpp"

#include <openssl/x509.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tombo::filter {

// Why a connection failed, for an operator's log.  What the peer chose is told in ASCII and is not long.

/// What the first bytes are instead of TLS: "TLS: this is plain MQTT, not TLS".  Not empty.
std::string words_for_first_bytes(std::span<const std::uint8_t> bytes);
/// For the error that OpenSSL has queued, which is taken from there.  `notes` may be null.
std::string words_for_error(const Notes* notes);
/// For a certificate that was not accepted; `error` is an X509_V_ERR_...
std::string words_for_certificate(X509* certificate, int error);
/// For the log: what is not printable ASCII is shown as a question mark.
std::string printable(std::string_view text);

}  // namespace tombo::filter
