#pragma once

#include "config/bridge_words.hpp"

namespace tombo::bridge {

/// What carries a bridge's bytes to the other broker: a socket, or a pipe in tests.  It tells the bridge of what happens
/// by Bridge::on_open(), on_bytes(), on_lost(), within a turn of the bridge's shard and never from within these calls.
/// Lives on: one shard.
class Line {
 public:
  virtual ~Line() = default;
  /// Connects, with what belongs to that (names, TLS); on_open() or on_lost() follows.
  virtual void dial(const config::BridgeAddress& address) = 0;
  /// Writes what waits, then closes, or closes at once.  Nothing more is told.
  virtual void hang_up() = 0;
  /// Whether bytes are handed over.
  virtual void read(bool on) = 0;
  /// Whether somebody listens there; on_probed() follows.
  virtual void probe(const config::BridgeAddress& address) = 0;
};

}  // namespace tombo::bridge
