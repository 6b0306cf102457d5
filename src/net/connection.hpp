#pragma once

#include "broker/transport.hpp"
#include "mqtt/byte_store.hpp"
#include "net/listener.hpp"
#include "net/watched.hpp"
#include "net/way_in.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tombo::net {

class ShardLoop;

/// An accepted socket with what is known of it, on its way to the loop that will own it.
struct Arrival {
  int descriptor = -1;               // non-blocking
  ListenerState* listener = nullptr;
  std::shared_ptr<const auth::Peer> peer{};  // none: way_in knows it
  std::unique_ptr<WayIn> way_in{};   // none: its bytes are MQTT's
  std::vector<std::uint8_t> bytes{};   // of MQTT, that came already
  std::vector<std::uint8_t> unsent{};  // for the socket
  std::shared_ptr<broker::Luggage> luggage{};  // for the shard
};

/// A connected socket: carries bytes between the network and the broker.  Owned by its loop, which tells it what its
/// descriptor is ready for and destroys it at the end of the turn in which it was closed.  An idle one holds no
/// buffer.
/// Lives on: one shard.
class Connection final : public broker::Transport, public Watched {
 public:
  /// Takes the descriptor over, the filters and what waits for the socket, but not the bytes for MQTT.
  Connection(ShardLoop& loop, Arrival& arrival);
  ~Connection() override;

  /// Waits for the first bytes, or hands over those that came along from another shard.
  void start(mqtt::Bytes carried);
  void on_event(std::uint32_t events) override;
  /// Writes what the batch holds; called once per turn and when the socket takes more.
  void flush() override;
  /// Hands kept bytes to the broker again and goes on reading.
  void go_on();
  /// Closes at once: the deadline of a closing connection has passed, or the loop ends.
  void abort();

  void pause_reading() override;
  void resume_reading() override;
  void close_after_flush() override;
  void move_to(routing::ShardId shard, std::shared_ptr<broker::Luggage> luggage) override;
  std::shared_ptr<const auth::Peer> peer() const override;
  std::string certificate() const override { return way_in_ ? way_in_->certificate() : std::string(); }
  bool in_handshake() const override { return way_in_ && way_in_->in_handshake(); }
  std::string peer_address() const override;

  std::uint32_t index = 0;  // in the loop's list
  bool in_backlog = false;

 private:
  enum class Phase : std::uint8_t { open, flushing, draining, closed };

  void on_readable();
  bool receive_into_packets();
  std::size_t spread(std::size_t received, std::span<mqtt::ByteStore> packets);
  void learn_packet_size(std::size_t received);
  void keep(mqtt::Bytes bytes);
  void receive_into_store();
  void hand_over(mqtt::Bytes bytes, bool from_store);
  bool judge(std::int64_t received);
  void receive_filtered();
  void take_filtered(mqtt::Bytes received);
  void ask_for_key();
  void take_key(std::shared_ptr<const auth::PskKey> key);
  bool waits_for_key() const { return way_in_ && way_in_->key_waiter() != nullptr; }
  /// Whole packets were kept that are to be looked at later.
  bool packets_wait() const { return kept_ && (paused_ || in_backlog); }
  bool write_filtered();
  bool write_last_words();
  bool send_wire(filter::Sink& wire);
  bool say_goodbye();
  void write_some();
  void drain_until_peer_closes();
  void part(std::string_view why);
  void lost(std::string_view why);
  void count_held();
  void moved_away(mqtt::Bytes bytes);
  void watch(bool readable, bool writable);

  ShardLoop& loop_;
  ListenerState& listener_;
  std::shared_ptr<const auth::Peer> peer_;  // until CONNECT is through; way_in_ knows it longer
  std::unique_ptr<WayIn> way_in_;          // none: what the socket carries is MQTT
  mqtt::ByteStore unsent_;                 // behind the filters, that the socket did not take
  std::unique_ptr<mqtt::ByteStore> kept_;  // of a packet that is not whole yet
  int descriptor_;
  std::uint32_t packet_size_ = 0;      // of the last large packet: the next ones may be as large; 0: unknown
  std::uint32_t counted_held_ = 0;     // what this connection contributes to connection_bytes
  std::int16_t move_target_ = -1;
  Phase phase_ = Phase::open;
  bool paused_ = false;
  bool ended_ = false;  // the peer sends no more; packets of it wait
  bool giving_ = false;  // it reads a file
  bool watching_readable_ = false;
  bool watching_writable_ = false;
};

}  // namespace tombo::net
