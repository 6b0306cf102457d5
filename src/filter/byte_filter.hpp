#pragma once

#include "auth/peer.hpp"
#include "auth/psk.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::filter {

using Bytes = std::span<const std::uint8_t>;
/// What a filter appends to.  The caller's, used again and again.
using Sink = std::vector<std::uint8_t>;

/// Stands between a socket and MQTT and turns the bytes of one into those of the other: TLS, WebSocket, the PROXY
/// header.  Sans I/O: it is given bytes and appends what follows from them.  A connection has none, one or several, the
/// first next to the socket.
/// Lives on: one shard at a time; it moves along with its connection.
class ByteFilter {
 public:
  virtual ~ByteFilter() = default;

  /// Bytes that came from the network's side.  Appends to `inward` what they mean for the side of MQTT, and to `outward`
  /// what must go back to the peer at once (a handshake, a pong).  What is not whole yet is kept inside, bounded by a
  /// named limit.  False: the connection ends once `outward` is written; why() says the reason.
  virtual bool receive(Bytes bytes, Sink& inward, Sink& outward) = 0;
  /// Bytes for the peer; only when open().  False: the connection ends.
  virtual bool send(Bytes bytes, Sink& outward) = 0;
  /// Bytes of what it goes on to answer although receive() has said false, and the next piece of them, appended to
  /// `outward`; a piece has some 64 KB.  False: it cannot be told.
  virtual std::size_t left() const { return 0; }
  virtual bool last_words(Sink&) { return false; }
  /// Says goodbye: close_notify, a close frame.
  virtual void close(Sink& outward) = 0;
  /// Whether bytes may be sent: the handshake is done.
  virtual bool open() const = 0;
  /// The peer has said that it sends no more (close_notify, a close frame): the connection ends in good order.
  virtual bool ended() const { return false; }
  /// Whether it only passes bytes through from now on, so that it may be taken out of the way once it has described the
  /// peer: what it held has gone inward.
  virtual bool spent() const { return false; }
  /// The identity whose pre-shared key somebody must be asked for before it can go on; empty: none, or asked() was told.  Until
  /// the answer comes, what is received is kept, within a limit.
  virtual std::string_view wanted_key() const { return {}; }
  virtual bool waits_for_key() const { return false; }
  /// Somebody is asked.  `by` is kept for as long as the answer is wanted, which is how it is seen that it is not any more.
  virtual void asked_for_key(std::shared_ptr<void> /*by*/) {}
  /// The answer; null: nobody has a key.  receive() of no bytes goes on.
  virtual void give_key(std::shared_ptr<const auth::PskKey> /*key*/) {}
  /// For the log, once receive() or send() was false: "TLS: no shared cipher".
  virtual std::string_view why() const = 0;
  /// Adds what it has learned about the peer; called when it has become open.
  virtual void describe(auth::Peer& peer) const = 0;
  /// The certificate in DER that the peer has proved to be its own, if this filter has verified one.
  virtual std::string certificate() const { return {}; }
  /// Bytes that it holds, as far as it knows, for the memory ceiling.
  virtual std::size_t memory() const = 0;
};

}  // namespace tombo::filter
