#pragma once

#include "broker/shard.hpp"
#include "net/acceptor.hpp"
#include "net/bridge_host.hpp"
#include "net/connection.hpp"
#include "net/listener.hpp"
#include "store/sink.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

struct sockaddr_storage;

namespace tombo::net {

/// One shard's event loop: waits, turns, flushes.  A turn begins with the first event after a sleep, takes a bounded
/// number of further events, and ends with one write per connection that has something to say.
/// Everything hangs in one level-triggered epoll: connections, listening sockets and the bell that other threads ring
/// (docs/decisions/0003-own-epoll.md).
/// Lives on: one shard; what other threads may call says so.
class ShardLoop {
 public:
  /// `sink`: of the store, or none.
  ShardLoop(broker::Core& core, routing::ShardId id, store::Sink* sink, std::vector<ShardLoop*>& all, Resolver& resolver);
  ~ShardLoop();

  /// Runs until stop() has been called and the connections are gone or the deadline has passed.
  void run();

  /// Any thread: runs `task` inside a turn of this loop.
  void post(std::function<void()> task);
  /// After run() has returned: destroys the connections that are left, without a word to their peers.
  void drop_connections();
  /// Within the loop: say goodbye to everybody, then end by the deadline.
  void begin_stop(MonoTime deadline);

  /// Before run(): a listening socket that this loop accepts from while its doors are open.
  void add_door(int descriptor, ListenerState& listener, log::Logger logger);
  /// Begins to accept.  At first one loop does; later the loop that has the doors hands them to the shard that new
  /// sessions go to.
  void open_doors();
  /// No descriptors are left: accepts again after a moment.
  void pause_accepting();
  /// One of its doors has shut itself: it is opened again then, unless another loop has the doors by that time.
  void open_doors_again(MonoTime then);
  /// A socket from one of its doors.
  void accepted(int descriptor, const sockaddr_storage& address, ListenerState& listener);
  /// Counts and tells of somebody who may not connect from where he does.
  void turned_away(std::string_view address, const ListenerState& listener, std::string_view why);
  /// Any thread: a socket from another shard with the bytes that it had sent.
  void adopt(Arrival arrival);

  void add_to_backlog(Connection& connection);
  void linger(Connection& connection, Milliseconds patience);
  /// A connection reads a file, which is not bounded by connections_max any more; false if enough do.
  bool begin_giving();
  void end_giving() { --giving_; }
  /// A closed connection: destroyed at the end of the turn.
  void bury(Connection& connection);

  int epoll() const { return epoll_; }
  broker::Shard& shard() { return shard_; }
  /// Within the loop.
  BridgeHost& bridges() { return bridges_; }
  ShardLoop& loop_of(routing::ShardId id) { return *all_[id]; }
  /// The buffer that every connection of this shard reads into.
  std::uint8_t* buffer() { return buffer_.get(); }
  static constexpr std::size_t kBufferSize = 128 * 1024;
  /// What connections with filters use while bytes pass through; each use begins with clear().
  filter::Sink& plain() { return plain_; }
  filter::Sink& wire() { return wire_; }
  WayIn::Scratch& scratch() { return scratch_; }
  /// What the connection takes along that is about to move.
  std::shared_ptr<broker::Luggage>& luggage() { return luggage_; }

 private:
  /// What other threads ring: an eventfd.
  class Bell final : public Watched {
   public:
    explicit Bell(ShardLoop& loop);
    ~Bell();
    void ring();
    void on_event(std::uint32_t events) override;

   private:
    ShardLoop& loop_;
    int descriptor_;
  };
  struct Lingering {
    Connection* connection;
    MonoTime until;
  };

  void take_events();
  void run_posted();
  void finish_turn();
  int wait_ms();
  void measure_load();
  void shut_doors();
  bool may_connect(const auth::Peer& peer);
  void hand_on_doors();
  void abort_overdue();
  Connection& add(Arrival& arrival);
  void destroy_buried();
  bool may_sleep() const;
  bool ended() const;

  broker::Core& core_;
  std::vector<ShardLoop*>& all_;
  int epoll_;
  Bell bell_;
  std::mutex posted_mutex_;  // other threads post seldom: sockets that move, orders of the main thread
  std::vector<std::function<void()>> posted_;
  broker::Shard shard_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  filter::Sink plain_;
  filter::Sink wire_;
  WayIn::Scratch scratch_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> buried_;
  std::vector<Connection*> backlog_;
  std::shared_ptr<broker::Luggage> luggage_;
  std::vector<Lingering> lingering_;
  std::size_t giving_ = 0;  // connections that read a file
  std::vector<Acceptor> doors_;
  BridgeHost bridges_;
  bool doors_open_ = false;
  MonoTime doors_pause_until_ = kNever;
  MonoTime doors_again_ = kNever;
  bool stopping_ = false;
  MonoTime stop_deadline_ = kNever;
  MonoTime load_since_;
  std::int64_t load_cpu_ns_ = 0;
};

}  // namespace tombo::net
