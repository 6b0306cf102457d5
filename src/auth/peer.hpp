#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tombo::auth {

/// Who is at the other end of a Unix socket, as the kernel says.
struct UnixPeer {
  std::uint32_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

/// What is known of a peer besides what it says in CONNECT.  Filled in by what carries its bytes: the socket, a PROXY
/// header, TLS, a WebSocket handshake; nothing in it was said by the client without proof, except `server_name`.
struct Peer {
  std::string address;               // "192.0.2.1:40000"; behind a trusted proxy the client's, not the proxy's
  std::string user_name;             // proved, as the listener's user_name_from wants; empty: nothing was
  std::string certificate_cn;        // of a verified client certificate
  std::string certificate_subject;   // RFC 2253
  std::vector<std::string> certificate_names;  // SAN: DNS, e-mail and URI
  std::string psk_identity;
  std::string tls_version;           // "TLSv1.3"; empty: no TLS
  std::string tls_cipher;
  std::string server_name;           // SNI, as the client asked
  std::optional<UnixPeer> unix_peer;
};

}  // namespace tombo::auth
