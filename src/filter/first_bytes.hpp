#pragma once

#include "filter/byte_filter.hpp"

#include <cstdint>

namespace tombo::filter {

/// What a client has begun to speak.
enum class Spoken : std::uint8_t {
  nothing_yet,
  mqtt,  // a CONNECT packet
  http,  // perhaps a WebSocket handshake
  tls,   // a ClientHello, which a listener without TLS can name in its log
  other
};

/// Tells it from the first byte: 0x10 is CONNECT, an upper-case letter a method of HTTP, 0x16 a TLS handshake.  None of
/// them can begin what another one begins with.
Spoken first_bytes(Bytes bytes);

}  // namespace tombo::filter
