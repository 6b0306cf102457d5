#pragma once

#include "filter/byte_filter.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::filter {

// Where a client names the identity of its pre-shared key.  These look, and judge nothing: what they do not understand is
// for OpenSSL to refuse.

/// The identities in the pre_shared_key extension of a TLS 1.3 ClientHello, tickets among them, borrowed from it, in the
/// order of the client's preference; no more than kPskOffersMax, and only those in front of the first that is cut off.
std::vector<std::string_view> offered_identities(Bytes extension);

/// Finds the identity in the handshake messages with which a TLS 1.2 client answers the ServerHello: it stands at the
/// beginning of ClientKeyExchange, whichever way of PSK was chosen.  Keeps no more of them than their header and an identity.
/// Lives on: one shard.
class KeyExchangeReader {
 public:
  /// What records of the handshake carry, in order, whatever their boundaries.  Returns the identity once, as soon as
  /// it is whole.
  std::optional<std::string> take(Bytes bytes);
  /// What comes from here on is encrypted.
  void end() { done_ = true; }

 private:
  std::optional<std::string> look();

  std::string kept_;      // of a message: its header, and what is needed behind that
  std::size_t skip_ = 0;  // bytes of a message that does not matter
  bool done_ = false;
};

}  // namespace tombo::filter
