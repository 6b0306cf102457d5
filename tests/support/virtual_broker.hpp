#pragma once

#include "auth/authenticator.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "broker/core.hpp"
#include "broker/keeper.hpp"
#include "broker/shard.hpp"
#include "store/open.hpp"
#include "store/sink.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tombo::test {

class VirtualBroker;

/// A connection without a network: bytes for the broker wait until a turn takes them, bytes from the broker collect
/// until somebody reads.  Owned by the VirtualBroker, valid until it is destroyed.
class VirtualConnection final : public broker::Transport {
 public:
  VirtualConnection(VirtualBroker& broker, routing::ShardId shard);
  ~VirtualConnection() override;

  // --- the client's side
  void send(mqtt::Bytes bytes) { inbound_.insert(inbound_.end(), bytes.begin(), bytes.end()); }
  /// The client's socket is gone, without a word.
  void cut() { cut_ = true; }
  /// Everything that the broker has written so far.
  std::vector<std::uint8_t> take_received() { return std::exchange(received_, {}); }
  bool has_received() const { return !received_.empty(); }
  /// The broker has closed the connection (what it wrote before can still be read).
  bool closed_by_broker() const { return closed_; }
  /// While stalled the client reads nothing: the broker's writes wait, as on a full socket.
  void stall(bool on) { stalled_ = on; }
  /// From now on the socket takes so many bytes until more room is given: writes that stop halfway.
  void give_room(std::size_t bytes) { room_ = bytes; }
  /// Bytes that were sent and that the broker has not consumed.
  std::size_t unconsumed() const { return inbound_.size(); }
  /// The broker will look at no further byte.
  bool over() const { return closing_ || finished(); }
  routing::ShardId shard() const { return shard_; }
  /// What the broker knows of the client besides what it says.
  auth::Peer known;

  // --- the broker's side
  void pause_reading() override { paused_ = true; }
  void resume_reading() override {
    paused_ = false;
    resumed_ = true;
  }
  void close_after_flush() override;
  void move_to(routing::ShardId shard, std::shared_ptr<broker::Luggage> luggage) override {
    move_target_ = shard;
    luggage_ = std::move(luggage);
  }
  std::shared_ptr<const auth::Peer> peer() const override { return std::make_shared<auth::Peer>(known); }
  std::string peer_address() const override { return known.address; }

 private:
  friend class VirtualBroker;
  void hand_over();   // within a turn of its shard
  void flush() override;
  bool finished() const { return closed_ || gone_; }

  VirtualBroker& broker_;
  routing::ShardId shard_;
  std::vector<std::uint8_t> inbound_;
  std::vector<std::uint8_t> received_;
  int move_target_ = -1;
  std::shared_ptr<broker::Luggage> luggage_;
  bool opened_ = false;
  bool moved_ = false;
  bool cut_ = false;
  bool gone_ = false;      // the broker knows that the network has ended
  bool closing_ = false;
  bool closed_ = false;
  bool paused_ = false;
  bool resumed_ = false;   // what waits has to be offered once more
  bool stalled_ = false;
  bool blocked_ = false;   // a flush found the client stalled or the socket full
  std::size_t room_ = SIZE_MAX;
};

/// A whole broker core without sockets, threads or a running clock: turns happen when a test says so.  One thread.
class VirtualBroker {
 public:
  struct Setup {
    config::Options options = default_options();
    unsigned shards = 1;
    std::uint64_t seed = 1;
    auth::Authenticator* authenticator = nullptr;  // null: everybody may do everything
    store::Sink* sink = nullptr;      // where records go, if not to a store; null: nothing is kept
    store::Engine* engine = nullptr;  // a store on this engine, which outlives the broker; its work is done in settle()
    Milliseconds clock_at{0};         // turns the clock on before anything begins
    Milliseconds wall_ahead{0};       // of the wall clock: two brokers may differ in it and follow each other in time
  };
  /// One listener, anonymous clients allowed, $SYS off, a log that nobody sees.
  static config::Options default_options();

  VirtualBroker();
  explicit VirtualBroker(Setup setup);
  ~VirtualBroker();

  /// A new connection, accepted by the first shard as in the real server, or by another.
  VirtualConnection& open(routing::ShardId shard = 0);
  /// One turn of one shard: its mail, its timers, the bytes that wait at its connections, its writes.
  void turn(routing::ShardId shard);
  /// Turns of all shards until nothing moves any more.
  void settle();
  /// Turns the clock on and settles; timers fire as they come due, in steps of at most 100 ms.
  void advance(Milliseconds by);

  ManualClock clock;
  /// Called in each turn of a shard before its end, and after it: for what else lives on a shard.
  std::function<void(routing::ShardId)> before_end;
  std::function<void(routing::ShardId)> after_turn;
  /// Of a broker that was given an engine.
  store::Store& store() { return keeper_->store(); }
  /// While off, settle() leaves the store's work to the test.
  void run_store(bool on) { store_runs_ = on; }
  /// One piece of the store's work; false if there was none.
  bool store_step();
  broker::Core& core() { return *core_; }
  broker::Shard& shard(routing::ShardId id) { return *shards_[id]; }
  const config::Options& options() const { return *options_; }
  /// Hands changed options to every shard, as a reload does.
  void reload(config::Options options);
  std::uint64_t dropped(broker::Drop reason) const { return core_->dropped(reason); }

 private:
  friend class VirtualConnection;
  bool anything_waits();

  std::shared_ptr<const config::Options> options_;
  auth::AnonymousOnly everybody_{true};
  std::unique_ptr<store::Engine> own_engine_;
  std::unique_ptr<broker::Keeper> keeper_;
  bool store_runs_ = true;
  std::unique_ptr<broker::Core> core_;
  std::vector<std::unique_ptr<broker::Shard>> shards_;
  std::vector<std::unique_ptr<VirtualConnection>> connections_;
};

}  // namespace tombo::test
