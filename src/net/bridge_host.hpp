#pragma once

#include "bridge/bridge.hpp"
#include "bridge/plan.hpp"
#include "net/bridge_socket.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace tombo::net {

class ShardLoop;

/// One connection of a bridge with what it needs, on its way to the shard that will own it.
struct BridgeOrder {
  std::shared_ptr<const bridge::Plan> plan;
  std::shared_ptr<broker::BridgeFigures> figures;
  std::shared_ptr<const filter::TlsClient> tls;  // none: no TLS
  std::uint64_t seed = 0;
};

/// The bridges that live on one shard.
/// Lives on: one shard, within its turns.
class BridgeHost {
 public:
  BridgeHost(ShardLoop& loop, Resolver& resolver, log::Logger logger)
      : loop_(loop), resolver_(resolver), logger_(logger) {}

  void add(BridgeOrder order);
  /// Takes other options; where only TLS has read its files anew, with the next connection.  Nothing where the bridge is not here.
  void change(const BridgeOrder& order);
  void remove(const std::string& name, bool forget);
  /// Says goodbye to all, for the end.
  void end_all();

  /// Before a turn's end, and after it.
  void turn();
  void flush();
  MonoTime next_due() const;

 private:
  struct Guest {
    std::unique_ptr<BridgeSocket> socket;
    std::unique_ptr<bridge::Bridge> bridge;
    BridgeOrder order;
  };

  ShardLoop& loop_;
  Resolver& resolver_;
  log::Logger logger_;
  std::vector<Guest> guests_;
  bool ending_ = false;
};

}  // namespace tombo::net
