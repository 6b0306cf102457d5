#pragma once

#include "auth/peer.hpp"
#include "config/listener_options.hpp"
#include "filter/tls/names.hpp"

#include <openssl/ssl.h>

#include <string>

namespace tombo::filter {

/// Who `names` prove somebody to be, as user_name_from wants; empty where it wants nothing of certificates.
std::string user_name_of(const CertificateNames& names, config::UserNameFrom from);
/// Why a client with this certificate must not come in though it is valid; empty: it may.
std::string objection(const CertificateNames& names, config::UserNameFrom from);
/// Fills in what a finished handshake has proved.
void describe(SSL* ssl, config::UserNameFrom from, auth::Peer& peer);
/// The certificate in DER that describe() would take names from; empty: there is none.
std::string certificate_of(SSL* ssl, config::UserNameFrom from);

}  // namespace tombo::filter
