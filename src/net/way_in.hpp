#pragma once

#include "net/entrance.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::net {

/// The filters of one connection, made one after the other as what came before is through: PROXY header, TLS,
/// WebSocket.  Sans I/O.
/// Lives on: one shard at a time; it moves along with its connection.
class WayIn {
 public:
  /// What the connections of a shard use while bytes pass through; nothing of it is kept.
  struct Scratch {
    std::array<filter::Sink, 3> inward;
    std::array<filter::Sink, 3> outward;
  };

  /// Asked once whether a client may connect whose address a PROXY header has told, before anything else is read.
  using MayConnect = std::function<bool(const auth::Peer&)>;

  /// `peer`: as the socket knows it.
  WayIn(std::shared_ptr<const Entrance> entrance, std::shared_ptr<const auth::Peer> peer, MayConnect may_connect = {});

  /// Bytes from the socket; what they mean is appended to `inward`, what must be answered at once to `wire`.
  /// False: the connection ends once `wire` is written; why() says the reason.
  bool receive(filter::Bytes bytes, Scratch& scratch, filter::Sink& inward, filter::Sink& wire);
  /// Bytes of MQTT for the peer.  False: the connection ends.
  bool send(filter::Bytes bytes, Scratch& scratch, filter::Sink& wire);
  /// Bytes that are still answered although receive() has said false, and the next piece of them.
  std::size_t left() const { return filters_.empty() ? 0 : filters_.back()->left(); }
  bool last_words(Scratch& scratch, filter::Sink& wire);
  /// Says goodbye in every filter's words.
  void close(Scratch& scratch, filter::Sink& wire);

  /// MQTT may begin: every handshake is done.
  bool open() const { return stage_ == Stage::mqtt; }
  /// TLS, if there is any, is not through yet.
  bool in_handshake() const { return stage_ <= Stage::tls && entrance_->tls != nullptr; }
  /// The filter whose handshake waits for a pre-shared key, or null; receive() of no bytes goes on once it has one.
  filter::ByteFilter* key_waiter() const;
  const std::string& psk_hint() const { return entrance_->psk_hint; }
  bool ended() const;
  std::string_view why() const { return why_; }
  /// The client may not connect from where it does.
  bool turned_away() const { return turned_away_; }
  const std::shared_ptr<const auth::Peer>& peer() const { return peer_; }
  /// As ByteFilter::certificate().
  std::string certificate() const;
  std::size_t memory() const;

 private:
  enum class Stage : std::uint8_t { proxy_header, tls, websocket, mqtt };

  bool feed(std::size_t level, filter::Bytes bytes, Scratch& scratch, filter::Sink& inward, filter::Sink& wire);
  bool send_from(std::size_t level, filter::Bytes bytes, Scratch& scratch, filter::Sink& wire);
  bool next_stage(filter::Bytes first);
  bool judge_address();
  bool is_through() const { return filters_.empty() || filters_.back()->open(); }

  std::shared_ptr<const Entrance> entrance_;
  std::shared_ptr<const auth::Peer> peer_;
  MayConnect may_connect_;  // until it was asked
  std::vector<std::unique_ptr<filter::ByteFilter>> filters_;  // the first next to the socket
  std::string_view why_;
  Stage stage_ = Stage::proxy_header;
  bool begun_ = false;  // this stage has its filter
  bool turned_away_ = false;
};

}  // namespace tombo::net
