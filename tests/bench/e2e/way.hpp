#pragma once

#include <string>

#include "link.hpp"

namespace tombo::bench {

/// Reads a way in: words joined by commas.  Throws std::invalid_argument on others.
///   tcp                       plain (also what an empty text means)
///   tls13 | tls12             TLS of just that version, AES-256-GCM with SHA-384; certificates are not verified
///   resume                    TLS connections after the first resume its session, or the run fails
///   certificate=PEM           shows the certificate of this file, which has the key, too
///   ws                        WebSocket, a frame for each write
///   ws_packets                WebSocket, a frame for each packet, as most clients send them
///   login=USER:PASSWORD       CONNECT has these
[[nodiscard]] Way parse_way(const std::string& text);

/// How a client of TLS behaves.
struct TlsManner {
  bool tls12 = false;
  bool resume = false;
  std::string certificate_file;
};
/// A maker of transports that share one context and, if wanted, one session.
[[nodiscard]] std::function<std::unique_ptr<Transport>()> tls_transports(const TlsManner& manner);

[[nodiscard]] std::unique_ptr<Transport> make_websocket(bool frame_per_packet);

}  // namespace tombo::bench
