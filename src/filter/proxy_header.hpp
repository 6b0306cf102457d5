#pragma once

#include "config/listener_options.hpp"
#include "filter/byte_filter.hpp"

#include <memory>

namespace tombo::filter {

/// Takes the PROXY header, version 1 or 2, that a connection begins with, and passes everything behind it through.  From
/// then on it is spent(): once it is open and has described the peer, its owner may drop it.  A connection that begins in
/// any other way ends.  Whether the peer may speak it (proxy_networks) is asked by the caller before.
///
/// What the proxy tells goes into the Peer: the client's address; from version 2 also the name that it asked for (SNI), TLS
/// version and cipher, and the common name of a certificate that the proxy has verified, which becomes the user name where
/// the listener takes it from certificate_cn.  LOCAL and UNKNOWN, a proxy's own checks, leave the socket's address.
std::unique_ptr<ByteFilter> make_proxy_header(const config::Listener& listener);

}  // namespace tombo::filter
