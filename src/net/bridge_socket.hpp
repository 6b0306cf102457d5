#pragma once

#include "bridge/bridge.hpp"
#include "bridge/line.hpp"
#include "filter/byte_filter.hpp"
#include "filter/tls_client.hpp"
#include "net/resolver.hpp"
#include "net/watched.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::net {

class ShardLoop;

/// A bridge's socket: looks the name up, connects, speaks TLS, and carries bytes.
/// Lives on: one shard.
class BridgeSocket final : public bridge::Line, public Watched {
 public:
  BridgeSocket(ShardLoop& loop, Resolver& resolver)
      : loop_(loop), resolver_(resolver), alive_(std::make_shared<int>(0)), prober_(*this) {}
  ~BridgeSocket();

  /// Before anything else.
  void set_bridge(bridge::Bridge& bridge) { bridge_ = &bridge; }
  /// Takes other options from the next connection on; `tls` is null where none is spoken.
  void set_options(const config::Bridge& options, std::shared_ptr<const filter::TlsClient> tls);

  void dial(const config::BridgeAddress& address) override;
  void hang_up() override;
  void read(bool on) override;
  void probe(const config::BridgeAddress& address) override;

  /// Within a turn: tells what could not be told at once, and gives up an address that does not answer.
  void turn();
  MonoTime next_due() const;
  /// After a turn: writes what the bridge has to say, as far as the socket takes it.
  void flush();
  void on_event(std::uint32_t events) override;

 private:
  enum class Phase : std::uint8_t { closed, resolving, connecting, shaking, open };
  /// Only asks whether somebody listens.
  class Prober final : public Watched {
   public:
    explicit Prober(BridgeSocket& socket) : socket_(socket) {}
    void on_event(std::uint32_t events) override;
    void end();
    int descriptor = -1;
    MonoTime until = kNever;

   private:
    BridgeSocket& socket_;
  };

  void resolved(std::uint64_t attempt, Resolved resolved);
  void probe_resolved(const Resolved& resolved);
  void probed(bool reachable);
  void connect_next();
  int open_socket(const Destination& to, std::string& why) const;
  void connected();
  void opened();
  void on_readable();
  bool receive_filtered(mqtt::Bytes bytes);
  void hand_over();
  bool write_plain();
  bool write_filtered();
  bool write_unsent();
  void lost(std::string why);
  void close();
  void watch(bool readable, bool writable);

  ShardLoop& loop_;
  Resolver& resolver_;
  bridge::Bridge* bridge_ = nullptr;
  std::shared_ptr<int> alive_;  // the resolver's answers know by it whether this is still there
  Prober prober_;
  config::Bridge options_;
  std::shared_ptr<const filter::TlsClient> tls_;
  std::unique_ptr<filter::ByteFilter> filter_;
  Phase phase_ = Phase::closed;
  std::uint64_t attempt_ = 0;
  std::string host_;
  std::vector<Destination> destinations_;
  std::size_t next_destination_ = 0;
  MonoTime destination_until_ = kNever;
  int descriptor_ = -1;
  std::vector<std::uint8_t> kept_;    // of a packet that is not whole, or that the bridge does not take yet
  std::vector<std::uint8_t> unsent_;  // behind the filter, that the socket did not take
  std::string lost_why_;              // to be told in a turn
  bool told_lost_ = true;
  bool kept_is_due_ = false;  // the bridge reads again
  bool reads_ = true;
  bool watching_readable_ = false;
  bool watching_writable_ = false;
  bool watching_ = false;
};

}  // namespace tombo::net
