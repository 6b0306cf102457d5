#pragma once

#include "filter/byte_filter.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tombo::filter {

/// Longest header of version 1, with its line end.
inline constexpr std::size_t kProxyLineMax = 107;
/// Longest body of version 2: addresses and what else the proxy tells.  Every proxy may send 536 bytes in all; a client's
/// certificate in full takes some thousand.
inline constexpr std::size_t kProxyBodyMax = 8192;

/// What a PROXY header tells.
struct ProxyHeader {
  std::string address;  // "192.0.2.1:40000", "unix:/path"; empty: the socket's holds
  std::string server_name;
  std::string tls_version;  // empty: no TLS
  std::string tls_cipher;
  std::string certificate_cn;  // of a certificate that the proxy has verified
};

/// How far a header has come.
struct ProxyProgress {
  enum class Kind : std::uint8_t { more, whole, wrong };
  Kind kind = Kind::more;
  std::size_t used = 0;  // bytes of the header, when whole
  std::string_view why;  // when wrong: "PROXY: the checksum is wrong"
};

/// Reads a header from the beginning of `bytes`; wrong as soon as no bytes that may follow could make it right.
ProxyProgress read_proxy_header(Bytes bytes, ProxyHeader& header);
ProxyProgress read_proxy_line(Bytes bytes, ProxyHeader& header);
ProxyProgress read_proxy_binary(Bytes bytes, ProxyHeader& header);

}  // namespace tombo::filter
