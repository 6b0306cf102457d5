#pragma once

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/watched.hpp"

#include <cstdint>

namespace tombo::net {

class ShardLoop;
struct Entrance;
struct ListenerState;

/// One listening socket as one shard's loop watches it.  Every loop has one for each socket, and only the loop whose
/// acceptors are open takes connections (ShardLoop::open_doors), so that the shard which new sessions go to is also
/// the one that accepts and none has to be handed over.
/// Lives on: one shard.
class Acceptor final : public Watched {
 public:
  /// The descriptor is the Listener's, which outlives the loops.
  Acceptor(ShardLoop& loop, int descriptor, ListenerState& listener, log::Logger logger);

  void open();
  void shut();
  void on_event(std::uint32_t events) override;

 private:
  bool may_take(const Entrance& entrance, MonoTime now) const;
  void rest(MonoTime now);

  ShardLoop& loop_;
  ListenerState& listener_;
  log::Logger logger_;
  int descriptor_;
  int per_event_ = 1;  // accepted at once; grows while more are waiting
  bool open_ = false;
  bool told_ = false;  // that descriptors ran out
};

}  // namespace tombo::net
