#pragma once

#include "bridge/bridge.hpp"
#include "support/test_client.hpp"
#include "support/virtual_broker.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tombo::test {

class World;

/// A line in memory between a bridge and a broker of the same world.
class VirtualLine final : public bridge::Line {
 public:
  VirtualLine(World& world, std::string from) : world_(world), from_(std::move(from)) {}

  void dial(const config::BridgeAddress& address) override;
  void hang_up() override;
  void read(bool on) override { reads_ = on; }
  void probe(const config::BridgeAddress& address) override { probed_ = address.host; }

  /// Within a turn of the bridge's broker: tells the bridge what has happened.
  void tell(bridge::Bridge& bridge);
  /// After one: takes what the bridge has written.
  void carry(bridge::Bridge& bridge);
  bool has_news() const;

  std::size_t dialed = 0;
  std::string last_host;
  /// Bytes that the other broker may still be given; then the line breaks.
  std::size_t breaks_after = SIZE_MAX;

 private:
  void write(bridge::Bridge& bridge);
  World& world_;
  std::string from_;
  bridge::Bridge* bridge_ = nullptr;
  VirtualConnection* remote_ = nullptr;
  std::vector<std::uint8_t> inbound_;
  std::string dialing_;
  std::string probed_;
  bool reads_ = true;
};

/// Brokers by name, with bridges between them.  Names are hosts; a broker that is down cannot be reached.
class World {
 public:
  VirtualBroker& add(const std::string& name, VirtualBroker::Setup setup = {});
  VirtualBroker& broker(const std::string& name) { return *brokers_.at(name)->broker; }
  /// A bridge of the broker `at`; its plan's first connection unless `part` says otherwise.
  bridge::Bridge& bridge(const std::string& at, const config::Bridge& options, std::uint32_t part = 0);
  VirtualLine& line(const bridge::Bridge& bridge);
  const broker::BridgeFigures& figures(const bridge::Bridge& bridge);

  /// Whether others reach it; a broker that goes down loses its connections.
  void reachable(const std::string& name, bool on);
  bool is_reachable(const std::string& name) const { return brokers_.contains(name) && brokers_.at(name)->reachable; }
  /// Calls to a bridge belong into a turn of its broker.
  void within(bridge::Bridge& bridge, const std::function<void()>& call);
  void settle();
  void advance(Milliseconds by);

 private:
  friend class VirtualLine;
  struct Guest {
    std::unique_ptr<VirtualLine> line;
    std::shared_ptr<broker::BridgeFigures> figures;
    std::unique_ptr<bridge::Bridge> bridge;
    std::vector<std::function<void()>> calls;
    bool begun = false;
  };
  struct Host {
    std::vector<std::unique_ptr<Guest>> guests;
    std::unique_ptr<VirtualBroker> broker;
    bool reachable = true;
    std::vector<VirtualConnection*> callers;
    ~Host() { guests.clear(); }
  };
  bool settle_once();

  std::map<std::string, std::unique_ptr<Host>> brokers_;
};

/// A bridge to the broker `to` with these topics.
config::Bridge bridge_to(const std::string& to, std::vector<std::string> topics,
                         config::BridgeVersion version = config::BridgeVersion::v5);

}  // namespace tombo::test
