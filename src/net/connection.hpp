#pragma once

#include "broker/transport.hpp"
#include "net/byte_store.hpp"
#include "net/listener.hpp"

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace tombo::net {

class ShardLoop;

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

/// A connected socket: carries bytes between the network and the broker.  Owned by its loop, which destroys it once
/// it is closed and no operation is pending.  An idle one holds no buffer.
/// Lives on: one shard.
class Connection final : public broker::Transport {
 public:
  Connection(ShardLoop& loop, Socket socket, std::shared_ptr<ListenerState> listener);
  ~Connection() override;

  /// Waits for the first bytes, or hands over those that came along from another shard.
  void start(ByteStore& carried);
  /// Writes what the batch holds; called once per turn and when the socket takes more.
  void flush();
  /// Hands kept bytes to the broker again and goes on reading.
  void go_on();
  /// The loop's deadline for a closing connection has passed, or the loop ends.
  void abort();

  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  void close_after_flush() override;
  void move_to(routing::ShardId shard) override;
  std::string peer_address() const override;

  ListenerState& listener() { return *listener_; }

  std::uint32_t index = 0;  // in the loop's list
  bool in_backlog = false;

 private:
  void arm();
  void wait_for_room();
  void on_readable();
  bool receive_into_store();
  void hand_over(mqtt::Bytes bytes, bool from_store);
  void write_some();
  void drain_until_peer_closes();
  void finish_close();
  void lost(std::string_view why);
  void count_waiting();
  void moved_away(mqtt::Bytes bytes);
  bool closing() const { return phase_ != Phase::open; }

  enum class Phase : std::uint8_t { open, flushing, draining, closed };

  ShardLoop& loop_;
  Socket socket_;
  std::shared_ptr<ListenerState> listener_;
  ByteStore kept_;
  std::uint32_t counted_waiting_ = 0;  // what this connection contributes to output_waiting
  std::int16_t move_target_ = -1;
  std::uint8_t pending_ = 0;           // operations whose handlers will still run
  Phase phase_ = Phase::open;
  bool paused_ = false;
  bool reading_ = false;               // an async_wait for bytes is out
  bool writing_ = false;               // an async_wait for room is out
};

}  // namespace tombo::net
