#pragma once

#include "broker/shard.hpp"
#include "net/connection.hpp"
#include "net/listener.hpp"
#include "store/journal.hpp"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace tombo::net {

/// One shard's event loop: waits, turns, flushes.  A turn begins with the first event after a sleep, takes a bounded
/// number of further events, and ends with one write per connection that has something to say.
/// Connections hang in an epoll of our own, which Asio waits for as one descriptor: that costs an idle connection no
/// memory in Asio and a busy one no re-arming (docs/decisions/0003-nested-epoll.md).  Asio carries all the rest.
/// Lives on: one shard; what other threads may call says so.
class ShardLoop {
 public:
  ShardLoop(broker::Core& core, routing::ShardId id, std::vector<ShardLoop*>& all);
  ~ShardLoop();

  /// Runs until stop() has been called and the connections are gone or the deadline has passed.
  void run();

  /// Any thread: runs `task` inside a turn of this loop.
  void post(std::function<void()> task);
  /// After run() has returned: destroys the connections that are left, without a word to their peers.
  void drop_connections();
  /// Within the loop: say goodbye to everybody, then end by the deadline.
  void begin_stop(MonoTime deadline);

  /// Every handler calls this first: the shard is awake and in a turn.
  void enter();
  /// A socket from a listener of this loop.
  void accepted(int descriptor, ListenerState& listener);
  /// Any thread: a socket from another shard with the bytes that it had sent.
  void adopt(int descriptor, ListenerState& listener, mqtt::Bytes bytes);

  void add_to_backlog(Connection& connection);
  void linger(Connection& connection);
  /// A closed connection: destroyed at the end of the turn.
  void bury(Connection& connection);

  asio::io_context& io() { return io_; }
  int epoll() { return epoll_.native_handle(); }
  broker::Shard& shard() { return shard_; }
  ShardLoop& loop_of(routing::ShardId id) { return *all_[id]; }
  /// The buffer that every connection of this shard reads into.
  std::uint8_t* buffer() { return buffer_.get(); }
  static constexpr std::size_t kBufferSize = 128 * 1024;

 private:
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                           asio::io_context::executor_type>;
  struct Lingering {
    Connection* connection;
    MonoTime until;
  };

  void wait();
  void finish_turn();
  void arm_timer();
  void measure_load();
  void abort_overdue();
  Connection& add(int descriptor, ListenerState& listener);
  void arm_epoll();
  void take_events();
  void destroy_buried();
  bool may_sleep() const;
  bool ended() const;

  broker::Core& core_;
  std::vector<ShardLoop*>& all_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> keep_running_;
  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> epoll_;
  store::NoJournal journal_;
  broker::Shard shard_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> buried_;
  std::vector<Connection*> backlog_;
  std::vector<Lingering> lingering_;
  Timer timer_;
  MonoTime timer_due_ = kNever;
  bool asleep_ = false;
  bool in_turn_ = false;
  bool stopping_ = false;
  MonoTime stop_deadline_ = kNever;
  MonoTime load_since_;
  std::int64_t load_cpu_ns_ = 0;
};

}  // namespace tombo::net
